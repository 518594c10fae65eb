import { parseAddress } from "../../../src/net/address.ts";
import { parsePrefix, prefixContains } from "../../../src/net/prefix.ts";
import { CLUSTER_CIDR, NODE_CIDR, type ServiceWorld, type WorldEndpoint, type WorldService } from "./service-world.ts";

/** A first packet as it leaves its sender. */
export interface ServicePacket {
  readonly from: "pod" | "client" | "node";
  readonly src: string;
  readonly dst: string;
  readonly protocol: "TCP" | "UDP";
  readonly port: number;
}

/** What becomes of it on the node, as the API documents it. `pass`: it is none of a Service's. */
export type ServiceVerdict =
  | { readonly kind: "pass" | "reject" | "drop" }
  | {
      readonly kind: "endpoint";
      readonly choices: readonly { readonly endpoint: WorldEndpoint; readonly masquerade: boolean }[];
    };

function within(address: string, range: string): boolean {
  const parsed = parseAddress(address);
  const prefix = parsePrefix(range);
  return parsed !== null && prefix !== null && prefixContains(prefix, parsed);
}

const NODE_ADDRESSES = ["172.16.0.10", "10.1.0.1", "10.1.1.1", "127.0.0.1"];

type Way = "cluster" | "external" | "vip" | "nodePort";

function wayTo(one: WorldService, packet: ServicePacket): Way | null {
  if (one.protocol !== packet.protocol) return null;
  if (packet.port === one.port) {
    if (packet.dst === one.clusterIP) return "cluster";
    if (one.externalIPs.includes(packet.dst)) return "external";
    if (one.vips.includes(packet.dst)) return "vip";
  }
  const isNode = NODE_ADDRESSES.includes(packet.dst);
  return one.nodePort !== 0 && packet.port === one.nodePort && isNode ? "nodePort" : null;
}

/** Where node ports lead on: the rule for no endpoints stands on every address of the node all the same. */
function answersNodePorts(world: ServiceWorld, dst: string): boolean {
  const ranges = world.nodePortAddresses;
  const containsLoopback = ranges.length === 0 || ranges.some((range) => within("127.0.0.0", range));
  if (dst === "127.0.0.1") {
    if (!world.localhostNodePorts || !containsLoopback) return false;
  }
  return ranges.length === 0 || ranges.some((range) => within(dst, range));
}

function usable(endpoints: readonly WorldEndpoint[]): readonly WorldEndpoint[] {
  const ready = endpoints.filter((one) => one.ready);
  return ready.length > 0 ? ready : endpoints.filter((one) => one.serving && one.terminating);
}

function clusterWide(one: WorldService, zone: string): readonly WorldEndpoint[] {
  const ready = one.endpoints.filter((each) => each.ready);
  const hinted = ready.length > 0 && ready.every((each) => each.zone !== null);
  const inZone = ready.filter((each) => each.zone === zone);
  return hinted && inZone.length > 0 ? inZone : usable(one.endpoints);
}

/** Says from Services and EndpointSlices alone where a first packet goes that the node handles. */
export function serviceVerdict(world: ServiceWorld, packet: ServicePacket): ServiceVerdict {
  for (const one of world.services) {
    const way = wayTo(one, packet);
    if (way === null) continue;
    return verdictFor(one, way, world, packet);
  }
  return { kind: "pass" };
}

function verdictFor(one: WorldService, way: Way, world: ServiceWorld, packet: ServicePacket): ServiceVerdict {
  const isPod = world.detect !== "none" && within(packet.src, world.detect === "NodeCIDR" ? NODE_CIDR : CLUSTER_CIDR);
  const isNode = packet.from === "node";
  const all = usable(one.endpoints);
  if (all.length === 0) {
    // nothing refuses what a node sends to addresses outside of it
    return { kind: isNode && (way === "external" || way === "vip") ? "pass" : "reject" };
  }
  const local = usable(one.endpoints.filter(({ node }) => node === "node"));
  const reach = (endpoints: readonly WorldEndpoint[], masquerade: boolean): ServiceVerdict =>
    endpoints.length === 0
      ? { kind: "drop" }
      : {
          kind: "endpoint",
          choices: endpoints.map((endpoint) => ({ endpoint, masquerade: masquerade || endpoint.ip === packet.src })),
        };
  if (way === "cluster") {
    const masquerade = world.masqueradeAll || (world.detect !== "none" && !isPod);
    return reach(one.internal === "Local" ? local : clusterWide(one, world.zone), masquerade);
  }
  if (way === "vip" && one.sourceRanges.length > 0) {
    if (!one.sourceRanges.some((range) => within(packet.src, range))) return { kind: "drop" };
  }
  if (way === "nodePort" && !answersNodePorts(world, packet.dst)) {
    return { kind: one.external === "Local" && local.length === 0 ? "drop" : "pass" };
  }
  if (one.external === "Cluster") return reach(clusterWide(one, world.zone), true);
  // the node itself and pods are not bound to the node's endpoints
  if (isPod) return reach(clusterWide(one, world.zone), false);
  if (isNode) return reach(clusterWide(one, world.zone), true);
  return reach(local, false);
}
