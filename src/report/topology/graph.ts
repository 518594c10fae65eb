import type { Evidence } from "../../model/evidence.ts";
import type { Host } from "../../model/host.ts";
import type { Interface } from "../../model/interface.ts";
import type { Network } from "../../model/network.ts";
import { formatSource, sourceOf } from "../../model/origin.ts";
import { formatAddress, isLinkLocal, isLoopback } from "../../net/address.ts";
import type { Answer } from "../../trace/result.ts";
import { byName } from "./by-name.ts";
import { type Segment, segmentsOf } from "./segments.ts";
import { type Session, sessionsOf } from "./sessions.ts";
import { type TracedLeg, tracedLegs } from "./traced-legs.ts";
import { type Tunnel, tunnelsOf } from "./tunnels.ts";

/** An end of something that joins machines. */
export interface TopologyEnd {
  readonly host: string;
  readonly interface: string;
}

export interface TopologyInterface {
  readonly name: string;
  readonly kind: Interface["kind"];
  /** Administratively up, with carrier. */
  readonly up: boolean;
  /** `172.16.0.11/24`; loopback and link-local addresses are left out. */
  readonly addresses: readonly string[];
  readonly mtu: number;
  /** Where it was written; empty when nobody wrote it. */
  readonly source: string;
}

export interface Machine {
  /** `<node>`, `pod/<namespace>/<name>` or `host/<name>`. */
  readonly name: string;
  readonly kind: Host["kind"];
  /** The machine that a pod is drawn in; null for others, and where it was not dumped. */
  readonly node: string | null;
  readonly interfaces: readonly TopologyInterface[];
}

/** What `podpath render` draws, and prints with `--json`. */
export interface TopologyGraph {
  readonly name: string;
  readonly machines: readonly Machine[];
  readonly segments: readonly Segment[];
  readonly tunnels: readonly Tunnel[];
  readonly sessions: readonly Session[];
  /** What became of the packet that was asked for, and of the answers to it; empty without a probe. */
  readonly path: readonly TracedLeg[];
}

/** The topology of a network: machines, what joins them, the BGP sessions that dumps show, and the way of a packet. */
export function topologyGraph(
  name: string,
  network: Network,
  evidence: ReadonlyMap<string, Evidence>,
  answer: Answer | null,
): TopologyGraph {
  return {
    name,
    machines: [...network.hosts.values()]
      .sort((x, y) => byName(x.name, y.name))
      .map((host) => machineOf(network, host)),
    segments: segmentsOf(network),
    tunnels: tunnelsOf(network),
    sessions: sessionsOf(network, evidence),
    path: answer === null ? [] : tracedLegs(answer),
  };
}

function machineOf(network: Network, host: Host): Machine {
  return {
    name: host.name,
    kind: host.kind,
    node: host.node !== null && network.hosts.has(host.node) ? host.node : null,
    interfaces: [...host.interfaces.values()].map((device) => ({
      name: device.name,
      kind: device.kind,
      up: device.up && device.carrier,
      addresses: device.addresses
        .filter(({ address }) => !isLoopback(address) && !isLinkLocal(address))
        .map(({ address, prefixLength }) => `${formatAddress(address)}/${prefixLength}`),
      mtu: device.mtu,
      source: formatSource(sourceOf(network.origins, device.origin)),
    })),
  };
}
