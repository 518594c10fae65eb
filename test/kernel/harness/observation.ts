import type { FreeDomains } from "../../../src/linux/free-value.ts";
import type { HookName } from "../../../src/linux/netfilter/verdict.ts";

/** A packet in the fields that both sides tell. A port or id above 65535 is podpath's name for a free value. */
export interface SeenPacket {
  readonly src: string;
  readonly dst: string;
  readonly protocol: number;
  readonly ttl: number;
  readonly tos: number;
  readonly df: boolean;
  readonly sport: number;
  readonly dport: number;
  readonly flags: string;
  readonly seq: number;
  readonly ack: number;
  /** Maximum segment size of a SYN; 0: it has none. */
  readonly mss: number;
  readonly length: number;
  readonly icmpType: number;
  readonly icmpCode: number;
  readonly icmpId: number;
  readonly mtu: number;
  readonly vni: number;
  /** More fragments follow. */
  readonly mf: boolean;
  /** Bytes. */
  readonly fragOffset: number;
  /** Extension headers of IPv6 in a few words each. */
  readonly extensions: readonly string[];
  /** What an ICMP error quotes, or a tunnel carries. */
  readonly inner: SeenPacket | null;
}

export interface SeenHop {
  readonly host: string;
  readonly interface: string;
  readonly direction: "in" | "out";
  readonly packet: SeenPacket;
}

export interface SeenRule {
  readonly host: string;
  readonly backend: string;
  readonly table: string;
  readonly chain: string;
  /** From 1; 0 is the policy, null the end of a user-defined chain. */
  readonly index: number | null;
  /** `accept`, `drop`, `jump c`, `goto c`, `return`, `continue`, `queue`. */
  readonly verdict: string;
}

/** A packet that a host sent because of the probe. */
export interface SeenResponse {
  readonly kind: string;
  readonly host: string;
  readonly packet: SeenPacket;
  readonly hops: readonly SeenHop[];
  readonly rules: readonly SeenRule[];
  readonly deliveredTo: string | null;
  readonly copied: boolean;
}

/** What happened to one packet, as either side tells it. */
export interface Observation {
  readonly outcome: string;
  /** Host that decided; null where the kernel does not tell. */
  readonly host: string | null;
  /** Interface of the last hop; null where there was none. */
  readonly interface: string | null;
  /** Hook at which rules dropped it; null when none did. */
  readonly hook: HookName | null;
  readonly hops: readonly SeenHop[];
  readonly rules: readonly SeenRule[];
  readonly delivered: { readonly host: string; readonly packet: SeenPacket } | null;
  /** skb drop reason, NOT_SPECIFIED for null; null where nothing was dropped or nobody said why. */
  readonly reason: string | null;
  /** Every end of its fragments and copies but deliveries; reason null: not told. Empty on the kernel's side. */
  readonly ends: readonly { readonly outcome: string; readonly reason: string | null }[];
  readonly errno: string | null;
  readonly responses: readonly SeenResponse[];
  /** Domains of free values, by their name minus 65536. */
  readonly freeDomains: FreeDomains;
  /** podpath made copies of it. */
  readonly copied: boolean;
  /** Stands for several branches that end alike. */
  readonly merged: boolean;
  /** It, or something sent because of it, waits for a neighbour that does not answer. */
  readonly pending: boolean;
  /** Its fragments ended at different places, of which none is the last. */
  readonly apart: boolean;
  /** podpath sent something when a time was over that nobody waits for here. */
  readonly late: boolean;
  /** podpath: it goes round a loop that uses something up: ports that are drawn, or room for frames around it. */
  readonly usesUp: boolean;
  /** podpath: what all packets together did, where TEE copied one of them; null elsewhere. */
  readonly together: Together | null;
}

/** What a packet, its copies and all answers did, in no order. */
export interface Together {
  readonly hops: readonly SeenHop[];
  readonly rules: readonly SeenRule[];
  readonly outcomes: ReadonlySet<string>;
}

const HOOKS: readonly HookName[] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

/** A SYN-ACK of a listening socket, which the kernel numbers as it likes; other packets as they are. */
export function anyStart(packet: SeenPacket): SeenPacket {
  return packet.flags === "SA" || packet.flags === "SAE" ? { ...packet, seq: 0 } : packet;
}

/** The hook of the last built-in chain among matched rules. */
export function lastHook(rules: readonly SeenRule[]): HookName | null {
  for (let i = rules.length - 1; i >= 0; i--) {
    const hook = HOOKS.find((name) => name === rules[i]?.chain);
    if (hook !== undefined) return hook;
  }
  return null;
}

/** The last hop that is a place on the way, not on lo. */
export function lastPlace(hops: readonly SeenHop[]): SeenHop | null {
  return hops.at(-1) ?? null;
}

/** Answers in an order that does not depend on when they were seen. */
export function inOrder(responses: readonly SeenResponse[]): readonly SeenResponse[] {
  const key = ({ kind, host, packet }: SeenResponse): string =>
    [kind, host, packet.icmpType, packet.icmpCode, packet.src, packet.dst].join(" ");
  return [...responses].sort((x, y) => (key(x) < key(y) ? -1 : key(x) > key(y) ? 1 : 0));
}
