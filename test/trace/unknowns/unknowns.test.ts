import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inject } from "../../../src/emulator/inject.ts";
import { originate } from "../../../src/emulator/originate.ts";
import { createWorld, runtimeOf, settle } from "../../../src/emulator/world.ts";
import { pagedList } from "../../../src/net/paged-list.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { type PacketQuestion, parsePacketLine } from "../../../src/trace/packet-question.ts";
import { createPacketSession } from "../../../src/trace/packet-session.ts";
import type { Answer, Run } from "../../../src/trace/result.ts";
import { filesOf, hidden, isDerived, type Question, question, truth } from "./machines.ts";

function questionOf(asked: Question): PacketQuestion {
  const parsed = parsePacketLine(JSON.stringify(asked), { file: "test", line: 1 });
  if ("findings" in parsed) throw new Error(parsed.findings.map(({ message }) => message).join("; "));
  return parsed.question;
}

function ask(files: ReadonlyMap<string, string>, asked: Question, strict: boolean): Answer {
  const { network } = readSnapshot({ name: "unknowns", files });
  const answer = createPacketSession(network).ask(questionOf(asked), { strict });
  if ("findings" in answer) throw new Error(answer.findings.map(({ message }) => message).join("; "));
  return answer.answer;
}

/** Outcome, place to the rule, and what the sender was told, with nothing of podpath's own idea of what matters. */
function endOf(run: Run): string {
  const journey = run.journeys[run.first];
  const end = journey?.end ?? null;
  if (end === null) return "lost";
  const { ending, host, chain, rule } = end;
  const place = chain === null ? "" : `${chain.backend} ${chain.table} ${chain.program.chain.name} ${rule}`;
  return [ending.outcome, host, ending.hook ?? "", place, journey?.error ?? ""].join(" ");
}

function endsOf(answer: Answer): string {
  return [...new Set(answer.branches.map(({ run }) => endOf(run)))].sort().join(" | ");
}

/** The parts of a machine that are assumed where a dump is missing. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  "ip-route": ["routes"],
  "ip-rule": ["policyRules"],
  "iptables-legacy-save": ["otherBackend", "rules"],
  "iptables-nft-save": ["otherBackend", "rules"],
  "nft-ruleset": ["nft"],
  "ipset-save": ["rules"],
  sysctl: ["sysctls"],
  conntrack: ["conntrack"],
  "xt-recent": ["recentLists"],
  sockets: ["sockets"],
  "ip-neigh": ["neighbours"],
};

/** Whether the answer says that it assumes something about what is missing. */
function isAbout(answer: Answer, missing: readonly string[]): boolean {
  const parts = missing
    .map((path) => path.split(/[/:]/))
    .map(([node, dump = ""]) => ({ node, parts: PARTS[dump] ?? [] }));
  return answer.assumptions.some(({ host, part }) =>
    parts.some((one) => one.node === host && one.parts.includes(part)),
  );
}

/** One walk in which every unknown, hash and draw has the answer that `draw` gives. */
function walk(files: ReadonlyMap<string, string>, asked: Question, draw: (below: number) => number): Run {
  const { network } = readSnapshot({ name: "unknowns", files });
  const question = questionOf(asked);
  const world = createWorld(network, {
    now: question.at ?? 0,
    choose: ({ kind, alternatives }) => {
      const possible = alternatives.flatMap(({ probability }, index) =>
        kind === "unknown" || probability > 0 ? [index] : [],
      );
      return possible[draw(possible.length)] ?? 0;
    },
  });
  const runtime = runtimeOf(world, question.host ?? "");
  if (runtime === null || question.packet === null) throw new Error("nothing to ask");
  const device = question.interface === null ? undefined : runtime.host.interfaces.get(question.interface);
  if (device === undefined) {
    originate(world, runtime, question.packet, {
      kind: "request",
      cause: null,
      owner: { uid: question.uid, gid: question.uid === 0 ? 0 : null },
      selectSource: !question.hasSource,
    });
  } else {
    inject(world, runtime, device, question.packet, {
      sourceMac: question.smac,
      destinationMac: question.dmac,
      mark: question.mark,
    });
  }
  settle(world);
  return { ...NO_RUN, journeys: world.journeys };
}

const NO_RUN: Run = {
  journeys: [],
  first: 0,
  steps: new Map(),
  report: null,
  assumptions: [],
  freeDomains: pagedList(),
  conntrack: null,
  limits: null,
};

const RUNS = Number(process.env["UNKNOWNS_RUNS"] ?? 120);
/** Walks with answers of their own for each certain answer. */
const FLIPS = 4;
describe("an answer without some of the dumps", () => {
  const cases = fc
    .record({ machines: truth, missing: hidden, asked: question })
    .filter(({ machines, missing }) => !isDerived(machines, missing));

  it("is certain under --strict only if the missing dumps do not change it", () => {
    fc.assert(
      fc.property(cases, ({ machines, missing, asked }) => {
        const known = ask(filesOf(machines, []), asked, false);
        const answer = ask(filesOf(machines, missing), asked, true);
        if (answer.certainty !== "certain") return;
        expect(endsOf(answer)).toBe(endsOf(known));
      }),
      { numRuns: RUNS / 2 },
    );
  });

  it("is certain and wrong only with an assumption about the machine whose dump is missing", () => {
    fc.assert(
      fc.property(cases, ({ machines, missing, asked }) => {
        const known = ask(filesOf(machines, []), asked, false);
        const answer = ask(filesOf(machines, missing), asked, false);
        if (answer.certainty !== "certain" || endsOf(answer) === endsOf(known)) return;
        expect(isAbout(answer, missing), `${endsOf(answer)} instead of ${endsOf(known)}`).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it("that is certain ends alike whatever the unknowns are", () => {
    fc.assert(
      fc.property(cases, fc.infiniteStream(fc.nat()), ({ machines, missing, asked }, answers) => {
        const files = filesOf(machines, missing);
        const answer = ask(files, asked, false);
        if (answer.certainty !== "certain") return;
        for (let flip = 0; flip < FLIPS; flip++) {
          const run = walk(files, asked, (below) => (answers.next().value ?? 0) % below);
          expect(endOf(run)).toBe(endsOf(answer));
        }
      }),
      { numRuns: RUNS },
    );
  });
});
