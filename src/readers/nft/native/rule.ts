import type { NftMemo } from "../../../linux/netfilter/matches/nft.ts";
import type { Origin } from "../../../model/origin.ts";
import { type Counters, type Match, type Rule, rule, type Target } from "../../../model/ruleset.ts";
import { TCP } from "../../../net/protocol.ts";
import { takeBranches } from "./branch.ts";
import { type RuleContext, takeTest } from "./expression.ts";
import { takeFibType } from "./fib.ts";
import { isProtocol } from "./key.ts";
import { takeReject } from "./reject.ts";
import { takeQueue, takeStatement } from "./statement.ts";
import { type Cursor, isDone, peek, type Token, take, textOf } from "./token.ts";
import { isTranslation, takeTranslation } from "./translation.ts";
import { takeVerdict, verdictOf } from "./verdict.ts";

/** A rule as nft prints it, in words. */
interface ListedRule {
  readonly text: string;
  readonly tokens: readonly Token[];
  /** From 1, among the rules of its chain. */
  readonly index: number;
}

/** A rule as it is read: what it tests, and what it ends with, once or for each element of a map. */
interface Draft {
  readonly tests: Match[];
  readonly memo: NftMemo;
  readonly ends: { readonly tests: readonly Match[]; readonly target: Target | null }[];
}

/**
 * The rules of the model that a native rule becomes for packets of one family: none where it is for the other family, several
 * where a map gives what it does. Words that podpath does not know make the rest of the rule a question.
 */
export function readNativeRule(listed: ListedRule, context: RuleContext, origin: Origin): readonly Rule[] {
  const draft: Draft = { tests: [], memo: { passed: false }, ends: [] };
  const cursor: Cursor = { tokens: listed.tokens, at: 0 };
  while (!isDone(cursor) && draft.ends.length === 0) {
    const from = cursor.at;
    const step = takePiece(cursor, draft, context);
    if (step === "other family") return [];
    if (step === "unknown") {
      cursor.at = from;
      askRest(cursor.tokens.slice(from), draft);
      break;
    }
  }
  if (draft.ends.length === 0) draft.ends.push({ tests: [], target: null });
  const { text, index } = listed;
  const counters = countersOf(text);
  return draft.ends.map(({ tests, target }, number) =>
    rule({ matches: [...before(draft, number), ...tests], target, counters, origin, nft: { text, index } }),
  );
}

/** What the rule counted, where it says so. */
function countersOf(text: string): Counters | null {
  const [, packets, bytes] = /\bcounter packets (\d{1,15}) bytes (\d{1,15})/.exec(text) ?? [];
  return packets === undefined ? null : { packets: Number(packets), bytes: Number(bytes) };
}

/** What comes before the map is done once, before the first of its elements. */
function before({ tests, ends, memo }: Draft, number: number): readonly Match[] {
  if (ends.length === 1 || tests.length === 0) return tests;
  const remember = (does: "forget" | "note" | "recall"): Match => ({
    name: "nft",
    options: { kind: "memo", memo, does },
  });
  return number === 0 ? [remember("forget"), ...tests, remember("note")] : [remember("recall")];
}

type Step = "read" | "other family" | "unknown";

function takePiece(cursor: Cursor, draft: Draft, context: RuleContext): Step {
  const word = peek(cursor);
  const verdict = takeVerdict(cursor);
  if (verdict !== undefined) {
    draft.ends.push({ tests: [], target: verdict });
    return "read";
  }
  const more = takeStatement(cursor);
  if (more !== undefined) {
    draft.tests.push(...more);
    return "read";
  }
  if (word === "reject") return takeRejection(cursor, draft, context);
  if (isTranslation(word)) {
    cursor.at++;
    const found = takeTranslation(cursor, word, context);
    if (found === undefined) return "unknown";
    if (found.length === 0) return "other family";
    draft.ends.push(...found.map(({ branch, target }) => ({ tests: branch.tests, target })));
    return "read";
  }
  const queue = takeQueue(cursor);
  if (queue !== undefined) {
    draft.ends.push({ tests: [], target: queue });
    return "read";
  }
  return takeExpression(cursor, draft, context);
}

function takeRejection(cursor: Cursor, draft: Draft, { family }: RuleContext): Step {
  cursor.at++;
  const rejection = takeReject(cursor, family);
  if (rejection === undefined) return "unknown";
  if (rejection === null) return "other family";
  draft.ends.push({ tests: rejection.tcp ? [isProtocol(TCP)] : [], target: rejection.target });
  return "read";
}

function takeExpression(cursor: Cursor, draft: Draft, context: RuleContext): Step {
  const branches = takeBranches(cursor, "vmap", context);
  if (branches !== undefined) {
    if (branches.length === 0) return "other family";
    for (const { tests, data } of branches) {
      const target = verdictOf(data);
      if (target === undefined) return "unknown";
      draft.ends.push({ tests, target });
    }
    return "read";
  }
  const tests = takeFibType(cursor, context.family) ?? takeTest(cursor, context);
  if (tests === undefined) return "unknown";
  if (tests === null) return "other family";
  draft.tests.push(...tests);
  return "read";
}

/** Words that decide about the packet, or change it. */
const DECIDES =
  /^(?:accept|drop|reject|queue|jump|goto|return|dnat|snat|masquerade|redirect|tproxy|vmap|map|fwd|dup|synproxy|set)$/;

/** What is not understood asks whether it holds before a verdict that is; else what it does at all. */
function askRest(tokens: readonly Token[], draft: Draft): void {
  const statements = withoutRemark(tokens);
  for (const length of [2, 1]) {
    const rest = statements.slice(0, -length);
    const target = verdictOf(statements.slice(-length));
    if (target === undefined || statements.length < length) continue;
    if (rest.length > 0) draft.tests.push({ name: "nft", options: { kind: "unmodelled", text: textOf(rest) } });
    draft.ends.push({ tests: [], target });
    return;
  }
  if (!statements.some(({ kind, text }) => kind === "word" && DECIDES.test(text))) return;
  draft.ends.push({
    tests: [],
    target: { kind: "extension", call: { name: "nft", options: { text: textOf(statements) } } },
  });
}

function withoutRemark(tokens: readonly Token[]): readonly Token[] {
  const cursor: Cursor = { tokens, at: tokens.length - 2 };
  return tokens.at(-1)?.kind === "string" && take(cursor)?.text === "comment" ? tokens.slice(0, -2) : tokens;
}
