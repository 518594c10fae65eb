import { type Interface, interfaceAddress, networkInterface } from "../../model/interface.ts";
import { NO_ORIGIN } from "../../model/origin.ts";
import { type PolicyRule, policyRule } from "../../model/policy-rule.ts";
import { nextHop, type Route, route } from "../../model/route.ts";
import type { WireguardPeer } from "../../model/wireguard-device.ts";
import type { Address, Family } from "../../net/address.ts";
import { addressBits, formatPrefix, hostPrefix, type Prefix, prefixContains } from "../../net/prefix.ts";
import { wireguardKey } from "../wireguard-keys.ts";
import { usualMetric } from "./kernel-route.ts";
import { NO_REMOTE_ROUTES, type RemoteRoutes } from "./remote-routes.ts";
import { nodeAddress, type WiredNode } from "./wired-node.ts";
import type { WiringContext } from "./wiring-context.ts";

/**
 * What Felix sets up for WireGuard on a node: a device with a peer for each other node, a table with routes to their addresses, and a
 * rule that leads packets there which are not encrypted yet (felix/wireguard/wireguard.go, felix/dataplane/linux/wireguard_mgr.go).
 * By reading: no kernel at hand has WireGuard.
 */

/** What a node is to the others: null where it has published no key. */
export interface WireguardEnd {
  readonly peer: WireguardPeer | null;
  /** Its blocks, addresses in other nodes' blocks, its tunnels' addresses, and with host encryption its own. */
  readonly ranges: readonly Prefix[];
}

/** All nodes of a cluster as ends of tunnels. */
export function wireguardEnds(context: WiringContext, family: Family): ReadonlyMap<string, WireguardEnd> {
  const ends = new Map<string, WireguardEnd>();
  const nodesOfKey = new Map<string, number>();
  const keyOf = (name: string): string | null =>
    context.settingsOf(name).wireguard.enabled[family] ? wireguardKey(context.cluster, name, family) : null;
  for (const { name } of context.nodes.values()) {
    const key = keyOf(name);
    if (key !== null) nodesOfKey.set(key, (nodesOfKey.get(key) ?? 0) + 1);
  }
  for (const node of context.nodes.values()) {
    const { wireguard } = context.settingsOf(node.name);
    const address = nodeAddress(node, family);
    const key = keyOf(node.name);
    const ranges = rangesOf(context, node.name, family, wireguard.hostEncryption ? address : null);
    // a key that two nodes claim is nobody's
    const isPeer = key !== null && address !== null && nodesOfKey.get(key) === 1;
    const endpoint = address === null ? null : { address, port: wireguard.port[family] };
    ends.set(node.name, {
      peer: isPeer ? { publicKey: key, endpoint, allowed: ranges, origin: node.origin } : null,
      ranges,
    });
  }
  return ends;
}

function rangesOf(context: WiringContext, node: string, family: Family, own: Address | null): readonly Prefix[] {
  const { ipip, vxlan4, vxlan6, wireguard4, wireguard6 } = context.tunnels(node);
  const single = family === 4 ? [wireguard4, ipip, vxlan4, own] : [wireguard6, vxlan6, own];
  const ranges = new Map<string, Prefix>();
  const add = (range: Prefix): void => void ranges.set(formatPrefix(range), range);
  for (const { destination, unmanaged } of context.rangesOf(node))
    if (destination.address.family === family && !unmanaged) add(destination);
  for (const address of single) if (address !== null) add(hostPrefix(address));
  return [...ranges.values()];
}

/** The device; null where WireGuard is off, or the node has published no key. */
export function wireguardInterface(wired: WiredNode, family: Family, index: number): Interface | null {
  const { node, context, mtu } = wired;
  const { wireguard } = wired.settings;
  const key = wireguard.enabled[family] ? wireguardKey(context.cluster, node.name, family) : null;
  if (key === null) return null;
  const { wireguard4, wireguard6 } = context.tunnels(node.name);
  // with host encryption the node's own address stands in for a tunnel address that it does not have
  const address =
    (family === 4 ? wireguard4 : wireguard6) ?? (wireguard.hostEncryption ? nodeAddress(node, family) : null);
  const peers = [...context.wireguardEnds(family)].flatMap(([name, { peer }]) =>
    peer === null || name === node.name ? [] : [peer],
  );
  return networkInterface({
    name: wireguard.device[family],
    index,
    kind: "wireguard",
    mtu: mtu.wireguard[family],
    noArp: true,
    addresses: address === null ? [] : [interfaceAddress({ address, prefixLength: addressBits(address.family) })],
    wireguard: { publicKey: key, port: wireguard.port[family], mark: wireguard.mark, peers },
    origin: NO_ORIGIN,
  });
}

/** The routes to other nodes in WireGuard's table; what must not be encrypted is thrown back to table main. */
export function wireguardRoutes(wired: WiredNode, family: Family): RemoteRoutes {
  const { context, settings } = wired;
  const { wireguard } = settings;
  if (!isOn(wired, family)) return NO_REMOTE_ROUTES;
  const table = wireguard.table[family];
  const device = wireguard.device[family];
  const key = ["wireguard", family, table, device, settings.deviceRouteProtocol].join(" ");
  return context.remote(key, function* () {
    for (const [name, { peer, ranges }] of context.wireguardEnds(family)) {
      const origin = context.nodes.get(name)?.origin ?? NO_ORIGIN;
      for (const destination of ranges) {
        yield [
          name,
          peer === null
            ? thrown(destination, table, settings.deviceRouteProtocol)
            : route({
                destination,
                table,
                nextHops: [nextHop({ interface: device })],
                protocol: settings.deviceRouteProtocol,
                scope: family === 4 ? "link" : "global",
                metric: usualMetric(destination),
                origin,
              }),
        ];
      }
    }
  });
}

/** What is on the node itself: its blocks, and addresses that are in none of them. */
export function wireguardThrows(wired: WiredNode, family: Family): readonly Route[] {
  const { node, context, settings } = wired;
  if (!isOn(wired, family)) return [];
  const ranges = rangesOf(context, node.name, family, null);
  const blocks = ranges.filter(({ length }) => length < addressBits(family));
  const single = ranges.filter(
    ({ address, length }) => length === addressBits(family) && !blocks.some((block) => prefixContains(block, address)),
  );
  return [...blocks, ...single].map((range) =>
    thrown(range, settings.wireguard.table[family], settings.deviceRouteProtocol),
  );
}

/** `not from all fwmark MARK/MARK lookup TABLE`. */
export function wireguardRules(wired: WiredNode): readonly PolicyRule[] {
  const { priority, mark, table } = wired.settings.wireguard;
  return ([4, 6] as const)
    .filter((family) => isOn(wired, family))
    .map((family) =>
      policyRule({
        family,
        priority,
        not: true,
        mark: { value: mark, mask: mark },
        action: { kind: "lookup", table: table[family] },
      }),
    );
}

/** Without it the kernel's rp_filter would look for the way back of encrypted packets in the wrong table. */
export function wireguardSysctls({ settings }: WiredNode): readonly (readonly [string, string])[] {
  const { enabled, hostEncryption } = settings.wireguard;
  return enabled[4] && hostEncryption ? [["net.ipv4.conf.all.src_valid_mark", "1"]] : [];
}

function isOn({ node, context, settings }: WiredNode, family: Family): boolean {
  return (
    settings.wireguard.enabled[family] &&
    !settings.routeSyncDisabled &&
    wireguardKey(context.cluster, node.name, family) !== null
  );
}

function thrown(destination: Prefix, table: number, protocol: string): Route {
  return route({
    destination,
    table,
    type: "throw",
    protocol,
    metric: usualMetric(destination),
    nextHops: destination.address.family === 6 ? [nextHop({ interface: "lo" })] : [],
  });
}
