import type { UnknownCode } from "../../model/codes/unknown-codes.ts";
import type { HostRuntime } from "../runtime.ts";

/**
 * Asks for the outcome of a test that no dump tells. `item` and `fields` name the variable: what is unknown on this
 * host, and the values of the packet that its answer depends on.
 */
export function unknownOutcome(
  runtime: HostRuntime,
  unknown: {
    readonly code: UnknownCode;
    readonly item: string;
    readonly fields: string;
    readonly question: string;
    readonly no: string;
    readonly yes: string;
    readonly command?: string;
  },
): boolean {
  const { code, item, fields, question, no, yes, command } = unknown;
  const taken = runtime.services.choose({
    kind: "unknown",
    code,
    variable: `${runtime.host.name} ${item} ${fields}`,
    question: `${question} (on ${runtime.host.name})`,
    alternatives: [
      { label: no, probability: 0 },
      { label: yes, probability: 0 },
    ],
    ...(command === undefined ? {} : { command }),
  });
  return taken === 1;
}
