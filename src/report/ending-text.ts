import type { Journey } from "../emulator/journey.ts";
import { reasonOnHost } from "../linux/drop-reason-by-kernel.ts";
import { UNKNOWN_INTERFACE } from "../linux/routing/unknown-route.ts";
import type { Network } from "../model/network.ts";
import { formatAddress } from "../net/address.ts";
import { describePacket } from "../net/packet.ts";
import { namedAddress } from "./address-names.ts";
import { type CitedRule, citeRule, rulePlace } from "./rule-text.ts";

/** The rule or policy that ended a journey; null when something else did. */
export function decidingRule(
  journey: Journey,
): (CitedRule & { readonly table: string; readonly index: number }) | null {
  const { end } = journey;
  if (end === null || end.chain === null) return null;
  const { chain, family } = end.chain.program;
  const rule = chain.rules[end.rule] ?? null;
  return { family, chain, rule, table: end.chain.table, index: rule?.nft?.index ?? end.rule + 1 };
}

/** What became of a packet and where, as the rest of a sentence about it: `was dropped on node1 …`. */
export function describeEnd(network: Network, journey: Journey): string {
  const { end } = journey;
  if (end === null) return journey.error === null ? "got lost" : `could not be sent: ${journey.error}`;
  const { ending } = end;
  const device = end.interface === null || end.interface === UNKNOWN_INTERFACE ? "" : ` ${end.interface}`;
  const hook = ending.hook === null ? "" : ` in ${ending.hook}`;
  const named = reasonOnHost(network, end.host, ending.reason);
  const reason = named === null ? "" : ` (${named})`;
  const rule = decidingRule(journey);
  switch (ending.outcome) {
    case "delivered":
      return `was delivered on ${end.host}${device}${describeSocket(ending.socket)}`;
    case "left":
      return `left the dumped machines over${device || " an interface"} of ${end.host}${ending.nextHop === null ? "" : ` towards ${formatAddress(ending.nextHop)}`}`;
    case "unresolved":
      return `died on ${end.host}${device}: ${ending.text}${reason}`;
    case "dropped":
    case "rejected": {
      const word = ending.outcome === "dropped" ? "was dropped" : "was rejected";
      if (rule !== null) {
        const place = rulePlace(rule.table, rule.chain.name, rule.index);
        return `${word} on ${end.host}${hook} by ${place}, ${citeRule(network, rule)}`;
      }
      if (ending.error !== null) return `never left ${end.host}: ${ending.text} (${ending.error})`;
      return `${word} on ${end.host}: ${ending.text}${reason}`;
    }
  }
}

function describeSocket(socket: string | null): string {
  switch (socket) {
    case "closed":
      return ", where nobody listens";
    case "assumed-open":
      return ", where somebody is assumed to listen";
    default:
      return "";
  }
}

const KIND_WORDS: Readonly<Record<Journey["kind"], string>> = {
  request: "request",
  icmp: "ICMP error",
  "tcp-reset": "TCP reset",
  "echo-reply": "echo reply",
  "syn-ack": "SYN-ACK",
  ack: "ACK",
  data: "data",
  fin: "FIN",
  copy: "copy",
  "init-ack": "INIT ACK",
  "cookie-echo": "COOKIE ECHO",
  "cookie-ack": "COOKIE ACK",
  abort: "ABORT",
};

export function kindWords(journey: Journey): string {
  return KIND_WORDS[journey.kind];
}

/** Last known form of a journey's packet. */
export function lastPacket(journey: Journey): string {
  return describePacket(journey.end?.packet ?? journey.packet);
}

/** Who a journey's packet was for in the end. */
export function recipient(network: Network, journey: Journey): string {
  return namedAddress(network, (journey.end?.packet ?? journey.packet).dst);
}
