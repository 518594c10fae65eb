import type { Journey, JourneyEnd } from "../../../src/emulator/journey.ts";
import { ENDLESS, USES_UP_PORTS } from "../../../src/linux/loop-watch.ts";
import { GROWS } from "../../../src/linux/tunnels/nested-frames.ts";
import { append } from "../../../src/model/append.ts";
import { formatAddress, sameAddress } from "../../../src/net/address.ts";
import {
  DEST_UNREACHABLE,
  ECHO_REPLY,
  FRAGMENT_TIME,
  TIME_EXCEEDED,
  V6_DEST_UNREACHABLE,
  V6_ECHO_REPLY,
  V6_NEIGHBOUR_ADVERTISEMENT,
  V6_NEIGHBOUR_SOLICITATION,
  V6_TIME_EXCEEDED,
} from "../../../src/net/icmp.ts";
import type { Ipv6Extension } from "../../../src/net/ipv6-extension.ts";
import type { Packet } from "../../../src/net/packet.ts";
import { ICMP, ICMPV6 } from "../../../src/net/protocol.ts";
import { formatTcpFlags, SYN } from "../../../src/net/tcp-flags.ts";
import type { Branch, Run } from "../../../src/trace/result.ts";
import type { TraceStep } from "../../../src/trace/step.ts";
import { hasCopies, originalOf } from "./copies.ts";
import {
  anyStart,
  inOrder,
  lastHook,
  lastPlace,
  type Observation,
  type SeenHop,
  type SeenPacket,
  type SeenResponse,
  type SeenRule,
  type Together,
} from "./observation.ts";
import { silences } from "./podpath-network.ts";

/** An extension header as the oracle describes it (`packets.py`). */
function extensionWords(extension: Ipv6Extension): string {
  const { header, length } = extension;
  switch (header) {
    case "hop-by-hop":
    case "destination":
      return `${header} ${extension.options[0]?.type ?? 0} ${length}`;
    case "routing":
      return `${header} ${extension.type} ${extension.segmentsLeft} ${length}`;
    case "authentication":
      return `${header} ${extension.spi} ${length}`;
    case "mobility":
      return `${header} ${extension.type}`;
    case "fragment":
      return header;
  }
}

/** The packet in the fields that are compared. */
export function podpathPacket(packet: Packet): SeenPacket {
  return {
    src: formatAddress(packet.src),
    dst: formatAddress(packet.dst),
    protocol: packet.protocol,
    ttl: packet.ttl,
    tos: packet.tos,
    df: packet.src.family === 4 && packet.df,
    sport: packet.sport,
    dport: packet.dport,
    flags: formatTcpFlags(packet.flags),
    seq: packet.seq,
    ack: packet.ack,
    mss: (packet.flags & SYN) !== 0 ? packet.mss : 0,
    length: packet.payloadLength,
    icmpType: packet.icmpType,
    icmpCode: packet.icmpCode,
    icmpId: packet.icmpId,
    mtu: packet.icmpMtu,
    vni: packet.vni,
    mf: packet.moreFragments,
    fragOffset: packet.fragmentOffset,
    extensions: (packet.extensions ?? []).map(extensionWords),
    inner: packet.inner === null ? null : podpathPacket(packet.inner),
  };
}

function hopsOf(steps: readonly TraceStep[]): readonly SeenHop[] {
  return steps.flatMap((step): SeenHop[] => {
    if (step.kind !== "receive" && step.kind !== "transmit") return [];
    if (step.interface === "lo") return [];
    // What a host hears of itself, which has no MAC addresses, packet sockets are not shown (PACKET_LOOPBACK).
    if (step.kind === "receive" && step.frame.source === "" && step.frame.destination === "") return [];
    return [
      {
        host: step.host,
        interface: step.interface,
        direction: step.kind === "receive" ? "in" : "out",
        packet: podpathPacket(step.packet),
      },
    ];
  });
}

function rulesOf(steps: readonly TraceStep[]): readonly SeenRule[] {
  return steps.flatMap((step): SeenRule[] => {
    if (step.kind !== "rule" && step.kind !== "policy" && step.kind !== "return") return [];
    const { place } = step;
    if (silences(place.chain)) return [];
    const at = { host: step.host, backend: place.backend, table: place.table, chain: place.chain.name };
    if (step.kind === "return") return [{ ...at, index: null, verdict: "return" }];
    if (step.kind === "policy") return [{ ...at, index: 0, verdict: step.verdict.toLowerCase() }];
    if (!step.matched) return [];
    return [{ ...at, index: place.index, verdict: verdictOf(step) }];
  });
}

const DROPPING: ReadonlySet<string> = new Set(["REJECT"]);
const ACCEPTING: ReadonlySet<string> = new Set(["DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP", "TPROXY"]);

function verdictOf(step: TraceStep & { readonly kind: "rule" }): string {
  // A match dropped it, whatever the target is.
  if (step.verdict === "DROP") return "drop";
  const target = step.place.rule?.target ?? null;
  if (target === null) return "continue";
  switch (target.kind) {
    case "verdict":
      return target.verdict.toLowerCase();
    case "jump":
    case "goto":
      return `${target.kind} ${target.chain}`;
    case "extension": {
      const { name } = target.call;
      if (DROPPING.has(name)) return "drop";
      // A legacy rule's verdict is read in the loaded table, where it does not stand that its target may drop by itself.
      if (step.place.backend === "nft" && step.verdict.endsWith(" DROP")) return "drop";
      if (ACCEPTING.has(name)) return "accept";
      return name === "NFQUEUE" || name === "QUEUE" ? "queue" : "continue";
    }
  }
}

function sawLoopback(steps: readonly TraceStep[]): boolean {
  return steps.some((step) => step.kind === "receive" && step.interface === "lo");
}

/**
 * The error about an unanswered neighbour comes three seconds later, that about missing fragments thirty, when nobody is
 * looking any more, and so does what those call for (in IPv6 redirects tell of them, too).
 */
function isLate(journey: Journey, journeys: readonly Journey[]): boolean {
  // A chain of copies of copies is longer than the stack is deep.
  for (let one: Journey | undefined = journey; one !== undefined; one = journeys[one.cause]) {
    if (isAboutWaiting(one, journeys)) return true;
  }
  return false;
}

function isAboutWaiting({ kind, packet, cause }: Journey, journeys: readonly Journey[]): boolean {
  const { protocol, icmpType, icmpCode } = packet;
  if (protocol === ICMP && icmpType === TIME_EXCEEDED && icmpCode === FRAGMENT_TIME) return true;
  if (protocol === ICMPV6 && icmpType === V6_TIME_EXCEEDED && icmpCode === FRAGMENT_TIME) return true;
  const unreachable = icmpType === (protocol === ICMP ? DEST_UNREACHABLE : V6_DEST_UNREACHABLE);
  return kind === "icmp" && unreachable && journeys[cause]?.end?.ending.outcome === "unresolved";
}

function firstSeen(journey: Journey, steps: readonly TraceStep[]): Packet {
  for (const step of steps) if (step.kind === "receive" || step.kind === "transmit") return step.packet;
  return journey.packet;
}

/** INTERFACES section 4 has its own words for what a journey is; the oracle's are these. */
function kindOf(packet: Packet, journey: Journey): string {
  if (packet.protocol === ICMP) return packet.icmpType === ECHO_REPLY ? "echo-reply" : "icmp";
  if (packet.protocol === ICMPV6) return packet.icmpType === V6_ECHO_REPLY ? "echo-reply" : "icmp";
  return journey.kind;
}

function anyStartOf(hop: SeenHop): SeenHop {
  return { ...hop, packet: anyStart(hop.packet) };
}

/** What hosts sent because of the packet. */
function responsesOf(run: Run, patient: boolean): readonly SeenResponse[] {
  const responses: SeenResponse[] = [];
  for (const journey of run.journeys.slice(run.first + 1)) {
    const steps = run.steps.get(journey.id) ?? [];
    const hops = hopsOf(steps);
    if (!patient && isLate(journey, run.journeys)) continue;
    const packet = firstSeen(journey, steps);
    // What never reached a wire is not seen from outside either.
    if (hops.length === 0 && !sawLoopback(steps)) continue;
    responses.push({
      kind: kindOf(packet, journey),
      host: journey.host,
      packet: anyStart(podpathPacket(packet)),
      hops: hops.map(anyStartOf),
      rules: rulesOf(steps),
      copied: isCopied(steps),
      deliveredTo: journey.end?.ending.outcome === "delivered" ? journey.end.host : null,
    });
  }
  return inOrder(tellApart(responses));
}

/** Resets that are alike to the last bit, as copies of a flooded segment get, are one to the oracle. */
function tellApart(responses: readonly SeenResponse[]): readonly SeenResponse[] {
  const resets = new Map<string, SeenResponse>();
  const others: SeenResponse[] = [];
  for (const response of responses) {
    if (response.kind !== "tcp-reset") {
      others.push(response);
      continue;
    }
    const key = `${response.host} ${JSON.stringify(response.packet)}`;
    const known = resets.get(key);
    resets.set(
      key,
      known === undefined
        ? response
        : {
            ...known,
            hops: [...known.hops, ...response.hops],
            rules: [...known.rules, ...response.rules],
            copied: true,
          },
    );
  }
  return [...others, ...resets.values()];
}

function asksNeighbour({ protocol, icmpType }: Packet): boolean {
  return protocol === ICMPV6 && (icmpType === V6_NEIGHBOUR_SOLICITATION || icmpType === V6_NEIGHBOUR_ADVERTISEMENT);
}

/** Whether a reset that went out is the same: copies of one segment get resets alike, which are one to the oracle. */
function hasSeenTwin(reset: Journey, { journeys, steps }: Run): boolean {
  const isTwin = ({ id, kind, host, packet }: Journey): boolean =>
    id !== reset.id &&
    kind === "tcp-reset" &&
    host === reset.host &&
    sameAddress(packet.src, reset.packet.src) &&
    sameAddress(packet.dst, reset.packet.dst) &&
    packet.sport === reset.packet.sport &&
    packet.dport === reset.packet.dport &&
    packet.seq === reset.packet.seq &&
    packet.ack === reset.packet.ack;
  return (
    reset.kind === "tcp-reset" && journeys.some((one) => isTwin(one) && hopsOf(steps.get(one.id) ?? []).length > 0)
  );
}

/** What everybody saw of the packet, its copies and the answers. */
function togetherOf(run: Run): Together {
  const hops: SeenHop[] = [];
  const rules: SeenRule[] = [];
  const outcomes = new Set<string>();
  const groups = new Map<number, Journey[]>();
  for (const journey of run.journeys.slice(run.first)) {
    const original = originalOf(journey, run);
    // Neighbour discovery is nobody's packet to the oracle, and so are its copies.
    if (isLate(original, run.journeys) || asksNeighbour(firstSeen(journey, run.steps.get(journey.id) ?? []))) continue;
    const { id } = original;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [journey]);
    else group.push(journey);
  }
  for (const [id, group] of groups) {
    const steps = group.flatMap((journey) => run.steps.get(journey.id) ?? []);
    const seen = hopsOf(steps);
    const isFirst = id === run.journeys[run.first]?.id;
    // What never reached a wire is not seen from outside either, unless it is taken for another.
    if (!isFirst && seen.length === 0 && !sawLoopback(steps) && !group.some((one) => hasSeenTwin(one, run))) continue;
    append(hops, isFirst ? seen : seen.map(anyStartOf));
    append(rules, rulesOf(steps));
    for (const { kind, end } of group) {
      if (isFirst && end !== null) outcomes.add(end.ending.outcome);
      if (!isFirst && (kind === "icmp" || kind === "tcp-reset")) outcomes.add("rejected");
    }
  }
  return { hops, rules, outcomes };
}

/** A packet that ended more than once was copied: by a flooding bridge, or for several VXLAN remotes. */
function isCopied(steps: readonly TraceStep[]): boolean {
  if (steps.some(({ kind }) => kind === "fragment")) return false;
  return steps.filter(({ kind }) => kind === "drop" || kind === "deliver" || kind === "reject").length > 1;
}

function endsOf(steps: readonly TraceStep[]): Observation["ends"] {
  return steps.flatMap((step): Observation["ends"] => {
    if (step.kind === "drop") return [{ outcome: "dropped", reason: step.reason ?? "NOT_SPECIFIED" }];
    return step.kind === "reject" ? [{ outcome: "rejected", reason: null }] : [];
  });
}

/** A packet that goes round for ever, or one that makes another one time and again: TEE's copies to the host itself. */
function isEndless(text: string): boolean {
  return text.startsWith(ENDLESS) || text.endsWith("the exchange never ends");
}

/**
 * Of what conntrack drops itself, when it would file a connection, the kernel tells the hook of the last rule alone; so it does of what
 * a legacy match drops, whose rule is not traced.
 */
function hookOf({ host, chain, rule, ending }: JourneyEnd, rules: readonly SeenRule[]): Observation["hook"] {
  const there = rules.filter((seen) => seen.host === host);
  const isTold =
    chain !== null &&
    (chain.backend === "nft" ||
      there.some(({ chain: name, index }) => name === chain.program.chain.name && index === rule + 1));
  return isTold ? ending.hook : lastHook(there);
}

/** What one branch of an answer says, in the common form; `patient`: somebody waited for what timers do. */
export function observePodpath({ run, count }: Branch, patient: boolean): Observation {
  const journey = run.journeys[run.first];
  if (journey === undefined) throw new Error("the probe sent nothing");
  const steps = run.steps.get(journey.id) ?? [];
  const hops = hopsOf(steps);
  const rules = rulesOf(steps);
  const { end } = journey;
  const endless = run.journeys.slice(run.first).some(({ end: its }) => its !== null && isEndless(its.ending.text));
  const unresolved = end?.ending.outcome === "unresolved";
  const dropped =
    end !== null && (end.ending.outcome === "dropped" || end.ending.outcome === "rejected" || (patient && unresolved));
  return {
    outcome: endless ? "loop" : (end?.ending.outcome ?? "lost"),
    host: end?.host ?? null,
    interface: lastPlace(hops)?.interface ?? null,
    hook: end?.ending.reason === "NETFILTER_DROP" ? hookOf(end, rules) : null,
    hops,
    rules,
    delivered: end?.ending.outcome === "delivered" ? { host: end.host, packet: podpathPacket(end.packet) } : null,
    reason: dropped ? (end.ending.reason ?? "NOT_SPECIFIED") : null,
    ends: endsOf(steps),
    errno: journey.error,
    responses: responsesOf(run, patient),
    freeDomains: run.freeDomains,
    copied: isCopied(steps),
    merged: count > 1,
    pending: run.journeys.slice(run.first).some((item) => item.end?.ending.outcome === "unresolved"),
    apart: false,
    usesUp: end?.ending.text.endsWith(USES_UP_PORTS) === true || end?.ending.text.endsWith(GROWS) === true,
    late: run.journeys.slice(run.first + 1).some((item) => isLate(item, run.journeys)),
    together: hasCopies(run) ? togetherOf(run) : null,
  };
}
