import { MATCH_FIDELITY, TARGET_FIDELITY } from "../../../src/linux/fidelity.ts";
import type { Tally } from "./tally.ts";

/** Of a campaign: how many probes met each word, and which words none met. Met: a rule with it matched, and both sides agreed. */
export function wordsMet({ features }: Tally): readonly string[] {
  const lines: string[] = [];
  const missing: string[] = [];
  const table = (title: string, word: string, names: readonly string[]): void => {
    const counted = names.map((name) => [name, features.get(`${word} ${name}`) ?? 0] as const);
    const met = counted.filter(([, count]) => count > 0).sort(([, x], [, y]) => y - x);
    lines.push(`${title}: ${met.map(([name, count]) => `${name} ${count}`).join(", ")}`);
    missing.push(...counted.filter(([, count]) => count === 0).map(([name]) => `${word} ${name}`));
  };
  const met = (word: string): readonly string[] =>
    [...features.keys()].filter((key) => key.startsWith(`${word} `)).map((key) => key.slice(word.length + 1));
  table("matches", "match", Object.keys(MATCH_FIDELITY));
  table("targets", "target", Object.keys(TARGET_FIDELITY));
  table("verdicts", "verdict", met("verdict"));
  table("sets", "set", met("set"));
  table("packets", "packet", met("packet"));
  table("tables of nft's own", "nft", met("nft"));
  table("both backends", "backends", met("backends"));
  return [...lines, `met by no probe: ${missing.join(", ")}`];
}
