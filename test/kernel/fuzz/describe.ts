import { rulesetText } from "./ruleset.ts";
import type { Disagreement } from "./runner.ts";

/** A disagreement in words: the world, the rules, the packets with the one in question marked, and what differs. */
export function describeDisagreement({ case: small, at, differences }: Disagreement): string {
  const packets = small.sequence.map((packet, index) => `${index === at ? "> " : "  "}${JSON.stringify(packet)}`);
  const rulesets = small.rulesets.flatMap(({ host, family, backend, sets, tables, native = "" }) => [
    `# ${host}: IPv${family}, ${backend}`,
    `${sets}${rulesetText(tables)}${native}`,
  ]);
  return [
    `${small.world.kind} ${JSON.stringify(small.world.value)}`,
    ...rulesets,
    ...packets,
    ...differences.map((line) => `  ${line}`),
  ].join("\n");
}
