import { reasonOnHost } from "../linux/drop-reason-by-kernel.ts";
import type { Network } from "../model/network.ts";
import type { Expectation, ExpectedPlace } from "../readers/scenario/scenario.ts";
import type { Answer, Branch } from "../trace/result.ts";
import { hopWords } from "./hop-words.ts";
import { decisiveJourney } from "./journeys.ts";
import { type Judgement, judge } from "./judge.ts";

/** One expected thing held against the answer. */
export interface Comparison {
  readonly field: keyof Expectation;
  readonly expected: string;
  /** What the branches gave instead, without repetitions. */
  readonly got: readonly string[];
  readonly judgement: Judgement;
}

/** Holds an answer against everything that was expected of it. */
export function compareExpectation(expect: Expectation, answer: Answer): readonly Comparison[] {
  const comparisons: Comparison[] = [];
  const compare = (field: keyof Expectation, expected: string, read: (branch: Branch) => string): void => {
    const matches = (branch: Branch): Judgement => (read(branch) === expected ? "holds" : "fails");
    const got = [...new Set(answer.branches.map(read))];
    comparisons.push({ field, expected, got, judgement: judge(answer, matches) });
  };
  if (expect.result !== null) compare("result", expect.result, (branch) => branch.run.report?.result ?? "none");
  if (expect.outcome !== null) compare("outcome", expect.outcome, (branch) => ending(branch)?.outcome ?? "none");
  if (expect.reason !== null) compare("reason", expect.reason, (branch) => reasonOf(answer.network, branch) ?? "none");
  const { at, via, hops, certainty } = expect;
  if (at !== null) compare("at", placeText(at), (branch) => placeText(placeOf(branch, at)));
  if (via !== null) compare("via", via.join(", "), (branch) => viaOf(branch).join(", "));
  if (hops !== null) {
    compare("hops", folded(hops).join(", "), (branch) => folded(hopWords(branch.run.report?.hops ?? [])).join(", "));
  }
  if (certainty !== null) {
    const judgement = answer.certainty === certainty ? "holds" : "fails";
    comparisons.push({ field: "certainty", expected: certainty, got: [answer.certainty], judgement });
  }
  return comparisons;
}

/** In the words of the kernel that dropped it. */
function reasonOf(network: Network, branch: Branch): string | null {
  const end = decisiveJourney(branch.run)?.end ?? null;
  return end === null ? null : reasonOnHost(network, end.host, end.ending.reason);
}

function ending(branch: Branch): { readonly outcome: string } | null {
  return decisiveJourney(branch.run)?.end?.ending ?? null;
}

/** A trailing run of `*` counts as one: how often a program asks on is its own business. */
function folded(hops: readonly string[]): readonly string[] {
  let end = hops.length;
  while (end > 1 && hops[end - 1] === "*" && hops[end - 2] === "*") end--;
  return hops.slice(0, end);
}

/** Only what was asked for, in one text that can be compared and shown. */
function placeText(place: ExpectedPlace): string {
  return Object.entries(place)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key} ${value}`)
    .join(", ");
}

function placeOf(branch: Branch, asked: ExpectedPlace): ExpectedPlace {
  const end = decisiveJourney(branch.run)?.end ?? null;
  const chain = end?.chain ?? null;
  const words = (
    key: "host" | "interface" | "hook" | "table" | "chain",
    value: string | null | undefined,
  ): string | null => (asked[key] === null ? null : (value ?? "none"));
  return {
    host: words("host", end?.host),
    interface: words("interface", end?.interface),
    hook: words("hook", end?.ending.hook),
    table: words("table", chain?.table),
    chain: words("chain", chain?.program.chain.name),
    index: asked.index === null ? null : end === null || chain === null ? -1 : end.rule + 1,
  };
}

/** Hosts that the request passed, in order: neither its sender nor whoever it was delivered to. */
function viaOf(branch: Branch): readonly string[] {
  const { run } = branch;
  const journey = decisiveJourney(run);
  if (journey === null) return [];
  const hosts: string[] = [];
  for (const step of run.steps.get(journey.id) ?? []) if (hosts.at(-1) !== step.host) hosts.push(step.host);
  const last = journey.end?.ending.outcome === "delivered" ? hosts.slice(0, -1) : hosts;
  return last[0] === journey.host ? last.slice(1) : last;
}
