import { describe, expect, it } from "vitest";
import { z } from "zod";
import { felixRuleText } from "../../../src/calico/felix/felix-rule.ts";
import type { FelixSettings } from "../../../src/calico/felix/felix-settings.ts";
import { ruleHashes } from "../../../src/calico/felix/rule-hash.ts";
import { staticTables } from "../../../src/calico/felix/static-tables.ts";
import { upstreamText, withUpstreamData } from "../upstream-data.ts";
import { settingsOf } from "./settings-fixture.ts";

const Vectors = z.object({
  sets: z.record(
    z.string(),
    z.record(
      z.string(),
      z.array(z.object({ chain: z.string(), rules: z.array(z.object({ felix: z.string(), hash: z.string() })) })),
    ),
  ),
});

interface Hashed {
  readonly chain: string;
  readonly rules: readonly { readonly felix: string; readonly hash: string }[];
}

/** The chains of a table with their hashes; hooks under the kernel chain's name. */
function rendered(settings: FelixSettings, table: string): readonly Hashed[] {
  const found = staticTables(settings).find(({ name }) => name === table);
  if (found === undefined) throw new Error(`no table ${table}`);
  const hooks = found.hooks.map((hook) => ({
    chain: hook.chain,
    seed: hook.mode === "append" ? `${hook.chain}*appends*` : hook.chain,
    texts: hook.rules.map(felixRuleText),
  }));
  const chains = found.chains.map(({ name, rules }) => ({ chain: name, seed: name, texts: rules.map(felixRuleText) }));
  return [...hooks, ...chains].map(({ chain, seed, texts }) => {
    const hashes = ruleHashes(seed, texts);
    return { chain, rules: texts.map((felix, i) => ({ felix, hash: hashes[i] ?? "" })) };
  });
}

describe("the static chains of Felix", () => {
  withUpstreamData(() => {
    const { sets } = Vectors.parse(JSON.parse(upstreamText("vectors/felix-static-rule-hashes.json")));
    for (const [name, tables] of Object.entries(sets)) {
      it(`have the texts and hashes of ${name}`, () => {
        for (const [table, chains] of Object.entries(tables)) {
          const all = rendered(settingsOf(name), table);
          for (const expected of chains) {
            const candidates = all.filter(({ chain }) => chain === expected.chain);
            expect(candidates, `${table} ${expected.chain}`).toContainEqual(expected);
          }
        }
      });
    }
  });
});
