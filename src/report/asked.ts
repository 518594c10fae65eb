import { formatAddress, unspecified } from "../net/address.ts";
import { describePacket, type Packet } from "../net/packet.ts";
import { formatProtocol, hasPorts, ICMP, ICMPV6 } from "../net/protocol.ts";
import { describeEndpoint } from "../trace/endpoint.ts";
import type { PacketQuestion } from "../trace/packet-question.ts";
import type { PreparedProbe } from "../trace/probe.ts";

/** A question in words, for headlines. */
export interface Asked {
  /** `ping`, `connect tcp/443`, `packet`. */
  readonly what: string;
  readonly from: string;
  readonly to: string;
}

export function askedProbe(probe: PreparedProbe): Asked {
  const isEcho = probe.protocol === ICMP || probe.protocol === ICMPV6;
  const port = probe.target.port === 0 ? "" : `/${probe.target.port}`;
  const protocol = isEcho || probe.kind === "ping" ? "" : ` ${formatProtocol(probe.protocol)}${port}`;
  return { what: `${probe.kind}${protocol}`, from: describeEndpoint(probe.from), to: describeEndpoint(probe.to) };
}

/** A single packet as `--packet` gives it. */
export function askedPacket(question: PacketQuestion): Asked {
  const { packet, host } = question;
  const where = question.interface === null ? "sent by" : `arrives on ${question.interface} of`;
  const from = question.replyTo === null ? `${where} ${host ?? "a host"}` : `the reply to ${question.replyTo}`;
  if (packet === null) return { what: "packet", from, to: "whoever it answers" };
  return { what: "packet", from, to: question.hasSource ? describePacket(packet) : withoutSource(question, packet) };
}

/** A packet whose source nobody gave: the route chooses it, unless the packet comes in from elsewhere. */
function withoutSource(question: PacketQuestion, packet: Packet): string {
  const { family } = packet.src;
  const unset = formatAddress(unspecified(family));
  const written = family === 6 && hasPorts(packet.protocol) ? `[${unset}]` : unset;
  const source = question.interface === null ? "<source chosen by the route>" : `${written} (no src was given)`;
  return describePacket(packet).replace(written, source);
}
