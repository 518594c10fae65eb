import type { Targets } from "../../../model/ruleset.ts";
import { TCP } from "../../../net/protocol.ts";
import { CWR, ECE } from "../../../net/tcp-flags.ts";
import type { GivenOption, Parsed, TargetExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption } from "../option-words.ts";
import { XT_CONTINUE } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly ECN: {
      /** Values to set; null leaves the bits alone. */
      readonly echo: number | null;
      readonly congestionWindowReduced: number | null;
      readonly codepoint: number | null;
    };
  }
}

function parseEcn(given: readonly GivenOption[], protocol: number | null): Parsed<Targets["ECN"]> {
  const bit = (name: string, max: number): number | null | undefined => {
    const option = givenOption(given, name);
    if (option === undefined) return null;
    return parseNumber(option.values[0] ?? "", max) ?? undefined;
  };
  const remove = givenOption(given, "ecn-tcp-remove") !== undefined;
  const echo = remove ? 0 : bit("ecn-tcp-ece", 1);
  const reduced = remove ? 0 : bit("ecn-tcp-cwr", 1);
  const codepoint = bit("ecn-ip-ect", 3);
  if (given.length === 0) return { problem: "an operation is required" };
  if (echo === undefined || reduced === undefined || codepoint === undefined) return { problem: "value out of range" };
  if ((echo !== null || reduced !== null) && protocol !== TCP) return { problem: "the rule needs -p tcp" };
  return { value: { echo, congestionWindowReduced: reduced, codepoint } };
}

function setBit(flags: number, bit: number, value: number | null): number {
  return value === null ? flags : value === 0 ? flags & ~bit : flags | bit;
}

/** `-j ECN` (net/ipv4/netfilter/ipt_ECN.c): clears or sets congestion notification bits. IPv4 only. */
export const ECN: TargetExtension<"ECN"> = {
  options: {
    "ecn-tcp-remove": { values: 0, negatable: false },
    "ecn-tcp-cwr": { values: 1, negatable: false },
    "ecn-tcp-ece": { values: 1, negatable: false },
    "ecn-ip-ect": { values: 1, negatable: false },
  },
  parse: (given, { family, protocol }) =>
    family === 4 ? parseEcn(given, protocol) : { problem: "ECN is a target of IPv4" },
  print({ echo, congestionWindowReduced, codepoint }) {
    const remove = echo === 0 && congestionWindowReduced === 0 && codepoint === null;
    return [
      ...(remove ? ["--ecn-tcp-remove"] : []),
      ...(remove || echo === null ? [] : ["--ecn-tcp-ece", String(echo)]),
      ...(remove || congestionWindowReduced === null ? [] : ["--ecn-tcp-cwr", String(congestionWindowReduced)]),
      ...(codepoint === null ? [] : ["--ecn-ip-ect", String(codepoint)]),
    ];
  },
  compile:
    ({ echo, congestionWindowReduced, codepoint }) =>
    ({ packet }) => {
      if (codepoint !== null) packet.tos = (packet.tos & ~3) | codepoint;
      if (packet.protocol === TCP && packet.fragmentOffset === 0) {
        packet.flags = setBit(setBit(packet.flags, ECE, echo), CWR, congestionWindowReduced);
      }
      return XT_CONTINUE;
    },
};
