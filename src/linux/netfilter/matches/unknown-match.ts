import { describePacket } from "../../../net/packet.ts";
import type { HostRuntime } from "../../runtime.ts";
import type { Skb } from "../../skb.ts";
import type { CompiledMatch } from "../extension.ts";
import { unknownOutcome } from "../unknown-outcome.ts";

/** A test that depends on something neither dumps nor packets tell. */
export interface UnknownTest {
  /** Name and options as iptables-save prints them, without `!`: `cpu --cpu 0`. Equal tests get equal answers. */
  readonly text: string;
  readonly invert: boolean;
  /** What would have to be known, to follow "…: ". */
  readonly reason: string;
  readonly command?: string;
}

/** Asks whether the test holds for this packet; negation is applied to the answer. */
export function askMatch(test: UnknownTest, skb: Skb, runtime: HostRuntime): boolean {
  const holds = unknownOutcome(runtime, {
    code: "match-hidden-state",
    item: test.text,
    fields: describePacket(skb.packet),
    question: `does "-m ${test.text}" hold? ${test.reason}`,
    no: "it does not",
    yes: "it does",
    ...(test.command === undefined ? {} : { command: test.command }),
  });
  return holds !== test.invert;
}

/** A match that always has to ask. */
export function unknownMatch(test: UnknownTest): CompiledMatch {
  return { kind: "call", test: (skb, runtime) => askMatch(test, skb, runtime) };
}
