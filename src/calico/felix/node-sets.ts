import type { Interface } from "../../model/interface.ts";
import { type IpSet, layeredMembers, type SetMember } from "../../model/ip-set.ts";
import { findMembersBy, type MembersAt } from "../../model/members-at.ts";
import { once } from "../../model/once.ts";
import { NO_ORIGIN } from "../../model/origin.ts";
import { type Address, type Family, formatAddress, parseAddress, sameAddress } from "../../net/address.ts";
import { hostPrefix, prefixOf } from "../../net/prefix.ts";
import type { DeclaredNode } from "../declared-node.ts";
import { parseSelector } from "../selector/parse-selector.ts";
import type { FelixContext } from "./felix-context.ts";
import { type FelixSettings, isSince } from "./felix-settings.ts";
import { ipSetName, MESH_SET, type SetDefinition } from "./ip-set-names.ts";
import type { FelixParameters } from "./parameters.ts";
import { addressMembers, type MemberNet, netMembers } from "./set-members.ts";
import { allPoolsSet } from "./static-sets.ts";

function nodeAddress(node: DeclaredNode, family: Family): Address | null {
  return (family === 4 ? node.bgpIPv4 : node.bgpIPv6)?.address ?? null;
}

/** What the kernel takes for local through an interface: its addresses, and on a loopback device whole IPv4 networks. */
function localAddresses({ kind, addresses }: Interface): readonly Address[] {
  return addresses.flatMap(({ address, prefixLength }) =>
    kind === "loopback" && address.family === 4 ? [prefixOf(address, prefixLength).address, address] : [address],
  );
}

/**
 * The addresses of the node's own interfaces, without those of pods, as Felix reads them from local routes: a network there
 * counts as its first address (felix/ifacemonitor).
 */
function ownAddresses(node: DeclaredNode, context: FelixContext): readonly Address[] {
  const tunnels = context.tunnels.get(node.name);
  const ofTunnels = [tunnels?.ipip, tunnels?.vxlan4, tunnels?.vxlan6, tunnels?.wireguard4, tunnels?.wireguard6];
  return [...node.interfaces.flatMap(localAddresses), ...ofTunnels.flatMap((address) => address ?? [])];
}

/** Whether a node can be the other end of a VXLAN tunnel: one without an address for it is none. */
function hasTunnel(name: string, family: Family, { tunnels }: FelixContext): boolean {
  const own = tunnels.get(name);
  return own === undefined || (family === 4 ? own.vxlan4 : own.vxlan6) !== null;
}

function markingMembers(settings: FelixSettings): readonly SetMember[] {
  const sources = settings.dscp.flatMap(({ source }) => source.split(","));
  const addresses = sources.flatMap((text) => parseAddress(text) ?? []);
  return addressMembers(addresses, settings.family);
}

const IN_MESH =
  'pcns.istio.io/dataplane-mode == "ambient" && istio.io/dataplane-mode != "none" || istio.io/dataplane-mode == "ambient"';

/** Pods with the label of ambient mode, and those of namespaces that have it but the ones with `none` (felix/calc/istio_calculator.go). */
const meshMembers = once((): SetDefinition => {
  const { selector } = parseSelector(IN_MESH);
  if (selector === null) throw new TypeError("the selector of the mesh is one");
  return { kind: "mesh", selector };
});

/** The sets that are there whatever the policies are; what does not depend on the node is made once. */
export function nodeSets(
  node: DeclaredNode,
  context: FelixContext,
  settings: FelixSettings,
  parameters: FelixParameters,
): readonly IpSet[] {
  const { family } = settings;
  const set = (name: string, members: readonly SetMember[], type = "hash:net"): IpSet => ({
    name,
    type,
    family,
    header: context.setHeader,
    members,
    complete: true,
    origin: NO_ORIGIN,
  });
  const laterSet = (name: string, make: () => readonly SetMember[], find: MembersAt): IpSet => {
    const members = once(make);
    const later: IpSet = {
      name,
      type: "hash:net",
      family,
      header: context.setHeader,
      get members() {
        return members();
      },
      complete: true,
      origin: NO_ORIGIN,
    };
    findMembersBy(later, find);
    return later;
  };
  const shared = (name: string, nets: () => readonly MemberNet[]): IpSet =>
    context.sharedSet(name, () => set(name, netMembers(nets(), family)));
  const pools = (chosen: (natOutgoing: boolean | null) => boolean): readonly MemberNet[] =>
    [...context.cluster.ipPools.values()]
      .filter(({ natOutgoing }) => chosen(natOutgoing))
      .map(({ cidr, metadata }) => ({ net: cidr, origin: metadata.origin }));
  const external = parameters
    .nets("externalNodesList")
    .map((net) => ({ net, origin: parameters.originOf("externalNodesList") ?? NO_ORIGIN }));
  const nodes = (chosen: (name: string) => boolean): readonly MemberNet[] => [
    ...context.nodes.flatMap((other): readonly MemberNet[] => {
      const address = chosen(other.name) ? nodeAddress(other, family) : null;
      return address === null ? [] : [{ net: hostPrefix(address), origin: other.origin }];
    }),
    ...external,
  ];
  const own = nodeAddress(node, family);
  const hosts = ipSetName("all-hosts-net", family);
  const ends = ipSetName("all-vxlan-net", family);
  const allEnds = (): IpSet => shared(ends, () => nodes((name) => hasTunnel(name, family, context)));
  const endsAt = (address: Address): readonly SetMember[] =>
    context.membersAt(allEnds().members).get(formatAddress(address)) ?? [];
  return [
    shared(allPoolsSet(settings), () => pools(() => true)),
    shared(ipSetName("masq-ipam-pools", family), () => pools((natOutgoing) => natOutgoing === true)),
    ...(settings.ipipEnabled ? [shared(hosts, () => nodes(() => true))] : []),
    ...(settings.vxlanEnabled
      ? [
          laterSet(
            ends,
            () => {
              const without = new Set(own === null ? [] : endsAt(own));
              return layeredMembers.list({ shared: allEnds().members, without, own: [] });
            },
            // wider networks are among those of nodes outside only
            (address) =>
              external.length > 0 ? null : own !== null && sameAddress(own, address) ? [] : endsAt(address),
          ),
        ]
      : []),
    ...(isSince(settings.band, "v3.31") ? [set(ipSetName("dscp-src-net", family), markingMembers(settings))] : []),
    ...(settings.istioDscp === null ? [] : [context.setOf(MESH_SET, meshMembers(), family)]),
    set(ipSetName("this-host", family), addressMembers(ownAddresses(node, context), family), "hash:ip"),
  ];
}
