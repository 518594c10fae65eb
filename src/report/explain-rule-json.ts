import type { Explanation } from "../analysis/explain/explain-target.ts";
import type { ExplainedRule } from "../analysis/explain/explained-rule.ts";
import type { Source } from "../model/origin.ts";

/** The answer of `podpath explain-rule --json` (docs/reference/explain-rule.md). */
export function explainRuleJson({ rules, sets }: Explanation): object {
  return {
    chains: rules.map(({ nodes, family, backend, table, chain, cause, rules: own, alike }) => ({
      nodes,
      family,
      backend,
      table,
      chain,
      ...causeJson(cause),
      rules: own.map(ruleJson),
      ...(alike.length === 0
        ? {}
        : { alike: alike.map((one) => ({ nodes: one.nodes, chain: one.chain, ...causeJson(one.cause) })) }),
    })),
    sets: sets.map(({ nodes, set }) => ({
      nodes,
      name: set.name,
      type: set.type,
      members: set.members.map(({ text, written, cause }) => ({
        text,
        ...placeJson(written),
        ...causeJson(cause),
      })),
      usedBy: set.usedBy.map((rule) => ({ table: rule.table, chain: rule.chain, ...ruleJson(rule) })),
    })),
  };
}

function ruleJson({ index, text, written, owner, cause }: ExplainedRule): object {
  return { index, text, owner, ...placeJson(written), ...causeJson(cause) };
}

function placeJson(written: Source | null): object {
  return {
    ...(written?.file === undefined ? {} : { file: written.file }),
    ...(written?.line === undefined ? {} : { line: written.line }),
  };
}

function causeJson(cause: Source | null): object {
  return cause === null ? {} : { cause };
}
