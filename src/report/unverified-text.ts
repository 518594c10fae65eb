import { formatSource, sourceOf } from "../model/origin.ts";
import { unverifiedParts } from "../trace/rests-on.ts";
import type { Answer } from "../trace/result.ts";
import type { Ink } from "./ink.ts";
import { paragraph } from "./wrap.ts";

/** What the answer rests on that no kernel has confirmed, or that podpath does not model. */
export function unverifiedLines(
  { network, branches }: Pick<Answer, "network" | "branches">,
  ink: Ink,
): readonly string[] {
  const parts = unverifiedParts(network, branches);
  if (parts.length === 0) return [];
  return [
    "",
    ink.strong("Unverified"),
    ...parts.flatMap(({ feature, reason, origin }) => {
      const source = sourceOf(network.origins, origin);
      const at = source === null ? "" : ` (${formatSource(source)})`;
      return paragraph(`${feature}${at}: ${reason}`, "    ", `  ${ink.doubtful("!")} `);
    }),
  ];
}
