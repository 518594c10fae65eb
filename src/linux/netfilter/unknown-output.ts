import { knowledgeOf } from "../../model/host.ts";
import { formatAddress } from "../../net/address.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { type InterfacePattern, nameMatches } from "./program.ts";

/** What was answered about the interface that packets for one destination leave by. */
export interface OutputAnswer {
  readonly pattern: InterfacePattern;
  readonly matches: boolean;
}

/**
 * Whether a packet leaves by an interface that fits the pattern, on a host whose routes nobody dumped: a question to the
 * chooser, unless what was answered before in this branch, or the interfaces that there are, settle it.
 */
export function leavesBy(runtime: HostRuntime, skb: Skb, pattern: InterfacePattern): boolean {
  const destination = formatAddress(skb.packet.dst);
  const answers = runtime.unknownOutputs.get(destination) ?? [];
  const settled = impliedBy(answers, pattern) ?? (isAnywhere(runtime, pattern) ? null : false);
  if (settled !== null) return settled;
  const text = `${pattern.text}${pattern.wildcard ? "+" : ""}`;
  const { name } = runtime.host;
  const matches =
    runtime.services.choose({
      kind: "unknown",
      code: "routes-not-dumped",
      variable: `${name} leaves for ${destination} by ${text}`,
      question: `does the packet leave ${name} by ${text}? its routes were not dumped`,
      alternatives: [
        { label: "it does", probability: 0 },
        { label: "it does not", probability: 0 },
      ],
      command: "ip route show table all",
    }) === 0;
  runtime.unknownOutputs.set(destination, [...answers, { pattern, matches }]);
  return matches;
}

/** What the answers say about another pattern; null where they leave it open. */
export function impliedBy(answers: readonly OutputAnswer[], pattern: InterfacePattern): boolean | null {
  for (const { pattern: known, matches } of answers) {
    // Every name of the one is a name of the other.
    const within = nameMatches(known, pattern.text) && (known.wildcard || !pattern.wildcard);
    if (!matches) {
      if (within) return false;
      continue;
    }
    if (!known.wildcard) return nameMatches(pattern, known.text);
    if (pattern.wildcard && known.text.startsWith(pattern.text)) return true;
    if (!within) return false;
  }
  return null;
}

/** Whether some interface of the host fits; true where its interfaces are not known. */
function isAnywhere({ host }: HostRuntime, pattern: InterfacePattern): boolean {
  if (knowledgeOf(host, "interfaces") === "unknown") return true;
  for (const name of host.interfaces.keys()) if (nameMatches(pattern, name)) return true;
  return false;
}
