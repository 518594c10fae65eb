import type { DumpFindings } from "../dump-findings.ts";
import type { DumpLine } from "../dump-text.ts";
import {
  type JsonObject,
  jsonElements,
  numberField,
  objectField,
  objectsField,
  textField,
  textsField,
} from "../json-fields.ts";
import type { FoundChain } from "./found-chain.ts";
import { isChainFamily } from "./found-chain.ts";
import { parsePriority } from "./priority.ts";

/** Base chains in the output of `nft -j list ruleset`. */
export function chainsOfJson(lines: readonly DumpLine[], findings: DumpFindings): readonly FoundChain[] {
  const found: FoundChain[] = [];
  for (const { object, line, raw } of jsonElements(lines, findings)) {
    const items = objectsField(object, "nftables");
    if (items.length === 0) {
      findings.add("unknown-line", "warning", line, "A JSON object that is not of nft.", {
        expected: '{"nftables": […]}, the output of nft -j list ruleset',
      });
      continue;
    }
    const places = chainLines(raw, line);
    const counts = countRules(items);
    let index = 0;
    for (const item of items) {
      const chain = objectField(item, "chain");
      if (chain === null) continue;
      const place = places[index++] ?? line;
      const read = readChain(chain, place, counts, findings);
      if (read !== null) found.push(read);
    }
  }
  return found;
}

/** Only chain definitions hold an object under "chain"; rules name theirs as a text. None where all is on one line. */
function chainLines(raw: string, first: number): readonly number[] {
  const lines: number[] = [];
  if (!raw.includes("\n")) return lines;
  let line = first;
  let from = 0;
  for (const match of raw.matchAll(/"chain"\s*:\s*\{/g)) {
    for (let at = raw.indexOf("\n", from); at >= 0 && at < match.index; at = raw.indexOf("\n", at + 1)) {
      line++;
      from = at + 1;
    }
    lines.push(line);
  }
  return lines;
}

function chainKey(object: JsonObject, nameField: string): string {
  return JSON.stringify([textField(object, "family"), textField(object, "table"), textField(object, nameField)]);
}

/** Of the chains with a hook: of others nobody asks. */
function countRules(items: readonly JsonObject[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const hooked = new Set<string | null>();
  for (const item of items) {
    const chain = objectField(item, "chain");
    if (chain !== null && textField(chain, "hook") !== null) hooked.add(textField(chain, "name"));
  }
  for (const item of items) {
    const rule = objectField(item, "rule");
    if (rule === null || !hooked.has(textField(rule, "chain"))) continue;
    const key = chainKey(rule, "chain");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Null for chains without a hook, and for damaged ones, which become findings. */
function readChain(
  chain: JsonObject,
  line: number,
  counts: ReadonlyMap<string, number>,
  findings: DumpFindings,
): FoundChain | null {
  const hook = textField(chain, "hook");
  if (hook === null) return null;
  const family = textField(chain, "family") ?? "";
  const table = textField(chain, "table");
  const name = textField(chain, "name");
  const priority = numberField(chain, "prio") ?? parsePriority(textField(chain, "prio") ?? "", family);
  const policy = textField(chain, "policy") ?? "accept";
  if (table === null || name === null || priority === null || !isChainFamily(family)) {
    findings.add("bad-chain", "warning", line, `Base chain ${name ?? ""} lacks its table, family or priority.`);
    return null;
  }
  const device = textField(chain, "dev");
  const devices = device === null ? textsField(chain, "dev") : [device];
  return {
    family,
    table,
    chain: name,
    type: textField(chain, "type") ?? "filter",
    hook,
    ...(devices.length === 0 ? {} : { devices }),
    priority,
    policy: policy === "drop" ? "drop" : "accept",
    ruleCount: counts.get(chainKey(chain, "name")) ?? 0,
    line,
  };
}
