import { freeValue } from "../../linux/free-value.ts";
import type { HostRuntime } from "../../linux/runtime.ts";
import type { Skb } from "../../linux/skb.ts";
import type { Host } from "../../model/host.ts";
import { type Address, sameAddress, unspecified } from "../../net/address.ts";
import * as icmp from "../../net/icmp.ts";
import { type Packet, packet } from "../../net/packet.ts";
import { ICMP, ICMPV6, TCP, UDP } from "../../net/protocol.ts";
import { SYN } from "../../net/tcp-flags.ts";
import { originate } from "../originate.ts";
import { openSocket } from "../sockets.ts";
import { settle, type World } from "../world.ts";
import { bindingOf, ephemeralPorts, failedCall, type Hop, type ProgramReport, type ProgramTarget } from "./program.ts";

/** First destination port of UDP probes. */
const BASE_PORT = 33434;
const MAX_TTL = 30;
/**
 * So many silent probes in a row that died of something else than their TTL end the search: a greater TTL takes them no
 * further, and each would only repeat the random choices of the one before.
 */
const ENOUGH = 3;
const PROBE_SIZE = 32;
const ECHO_ID = 2000;

/** `traceroute -n -q 1`: one probe for each TTL, by UDP (default), TCP SYN (`-T -p`) or ICMP echo (`-I`). */
export function traceroute(
  world: World,
  runtime: HostRuntime,
  target: ProgramTarget & { readonly protocol: number },
): ProgramReport {
  const hops: Hop[] = [];
  let dead = 0;
  for (let ttl = 1; ttl <= MAX_TTL && dead < ENOUGH; ttl++) {
    const { hop, final, errno, expired } = probe(world, runtime, target, ttl);
    dead = hop.from === null && !expired ? dead + 1 : 0;
    if (errno !== null && errno !== "EPERM") {
      return { result: "unreachable", text: `traceroute: ${failedCall(errno, target)}`, hops };
    }
    hops.push(hop);
    if (final) break;
  }
  const last = hops.at(-1);
  const arrived = last?.from !== null && last?.from !== undefined && last.mark === "";
  const reached = arrived && sameAddress(last.from ?? target.destination, target.destination);
  const text = `${hops.length} hops`;
  if (reached && hops.length < MAX_TTL) return { result: "answered", text, hops };
  return { result: last !== undefined && last.mark !== "" ? "unreachable" : "timeout", text, hops };
}

interface ProbeOutcome {
  readonly hop: Hop;
  /** Nothing further is asked: the destination answered, or somebody said that it is unreachable. */
  readonly final: boolean;
  readonly errno: string | null;
  /** The probe died of its TTL. */
  readonly expired: boolean;
}

function probe(
  world: World,
  runtime: HostRuntime,
  target: ProgramTarget & { readonly protocol: number },
  ttl: number,
): ProbeOutcome {
  let from: Address | null = null;
  let mark = "";
  let final = false;
  const request = probePacket(world, runtime.host, target, ttl);
  const isEcho = target.protocol === ICMP || target.protocol === ICMPV6;
  openSocket(world, runtime.host.name, {
    protocol: target.protocol,
    localPort: isEcho ? request.icmpId : request.sport,
    remote: target.destination,
    remotePort: request.dport,
    receive: (skb: Skb) => {
      from ??= skb.packet.src;
      final = true;
    },
    error: (skb: Skb) => {
      if (from !== null) return;
      from = skb.packet.src;
      const ended = endOf(skb.packet);
      if (ended === null) return;
      mark = ended;
      final = true;
    },
  });
  const journey = originate(world, runtime, request, {
    kind: "request",
    cause: null,
    ...bindingOf(target),
  });
  settle(world);
  const expired = journey.end?.ending.reason === "IP_INHDR";
  return { hop: { ttl, from, mark }, final, errno: journey.error, expired };
}

function probePacket(
  world: World,
  host: Host,
  target: ProgramTarget & { readonly protocol: number },
  ttl: number,
): Packet {
  const six = target.destination.family === 6;
  const common = {
    src: target.source ?? unspecified(target.destination.family),
    dst: target.destination,
    protocol: target.protocol,
    ttl,
    payloadLength: target.protocol === TCP ? 0 : PROBE_SIZE,
  };
  if (target.protocol === ICMP || target.protocol === ICMPV6) {
    const icmpType = six ? icmp.V6_ECHO_REQUEST : icmp.ECHO_REQUEST;
    return packet({ ...common, icmpType, icmpId: ECHO_ID + ttl, icmpSeq: ttl });
  }
  const sport = target.sport ?? freeValue(world.services.freeValues, [ephemeralPorts(host)]);
  if (target.protocol === UDP) {
    return packet({ ...common, sport, dport: target.port === 0 ? BASE_PORT + ttl - 1 : target.port });
  }
  return packet({ ...common, sport, dport: target.port, flags: SYN, seq: 1, df: true });
}

/** Null for time exceeded; the mark traceroute prints for what ends the search. */
function endOf(message: Packet): string | null {
  if (message.protocol === ICMPV6) {
    if (message.icmpType !== icmp.V6_DEST_UNREACHABLE) return null;
    return V6_MARKS[message.icmpCode] ?? `!<${message.icmpCode}>`;
  }
  if (message.icmpType !== icmp.DEST_UNREACHABLE) return null;
  return MARKS[message.icmpCode] ?? `!<${message.icmpCode}>`;
}

/** By code: net, host, protocol, port (the destination itself), fragmentation needed, source route failed, …; measured. */
const MARKS: readonly string[] = [
  "!N",
  "!H",
  "!P",
  "",
  "!F",
  "!S",
  "!U",
  "!W",
  "!I",
  "!A",
  "!Z",
  "!Q",
  "!T",
  "!X",
  "!V",
  "!C",
];
const V6_MARKS: readonly string[] = ["!N", "!X", "!S", "!H", ""];
