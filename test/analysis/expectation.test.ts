import { describe, expect, test } from "vitest";
import { compareExpectation } from "../../src/analysis/expectation.ts";
import type { Expectation } from "../../src/readers/scenario/scenario.ts";
import type { Probe } from "../../src/trace/probe.ts";
import { ask, filterOfN2, twoNodes } from "../report/two-nodes.ts";

const NOTHING: Expectation = {
  result: null,
  outcome: null,
  at: null,
  reason: null,
  via: null,
  hops: null,
  certainty: null,
};
const NOWHERE = { host: null, interface: null, hook: null, table: null, chain: null, index: null };
const DROPS = filterOfN2(":INPUT DROP [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]");

function compare(
  files: Readonly<Record<string, string>>,
  probe: Partial<Probe>,
  expected: Partial<Expectation>,
): readonly string[] {
  const { answer } = ask(twoNodes(files), { from: "node/n1", to: "node/n2", ...probe });
  return compareExpectation({ ...NOTHING, ...expected }, answer).map(
    ({ field, judgement, got }) => `${field} ${judgement}: ${got.join(" or ")}`,
  );
}

describe("an expectation", () => {
  test("of nothing is compared with nothing", () => {
    expect(compare({}, {}, {})).toEqual([]);
  });

  test("of a result and an outcome", () => {
    expect(compare(DROPS, {}, { result: "timeout", outcome: "dropped", reason: "NETFILTER_DROP" })).toEqual([
      "result holds: timeout",
      "outcome holds: dropped",
      "reason holds: NETFILTER_DROP",
    ]);
    expect(compare(DROPS, {}, { result: "answered" })).toEqual(["result fails: timeout"]);
  });

  test("of a place compares only what it names", () => {
    expect(compare(DROPS, {}, { at: { ...NOWHERE, host: "n2", hook: "INPUT" } })).toEqual([
      "at holds: host n2, hook INPUT",
    ]);
    expect(compare(DROPS, {}, { at: { ...NOWHERE, table: "filter", chain: "INPUT", index: 0 } })).toEqual([
      "at holds: table filter, chain INPUT, index 0",
    ]);
    expect(compare({}, {}, { at: { ...NOWHERE, host: "n2", chain: "INPUT" } })).toEqual([
      "at fails: host n2, chain none",
    ]);
  });

  test("of the hosts passed leaves out who sent and who received", () => {
    expect(compare({}, {}, { via: [] })).toEqual(["via holds: "]);
    expect(compare(DROPS, {}, { via: ["n2"] })).toEqual(["via holds: n2"]);
  });

  test("of hops counts a trailing run of * as one", () => {
    const probe = { kind: "traceroute" } as const;
    expect(compare(DROPS, probe, { hops: ["*"] })).toEqual(["hops holds: *"]);
    expect(compare(DROPS, probe, { hops: ["*", "*", "*"] })).toEqual(["hops holds: *"]);
    expect(compare({}, probe, { hops: ["10.0.0.2"] })).toEqual(["hops holds: 10.0.0.2"]);
    expect(compare({}, probe, { hops: ["10.0.0.2", "*"] })).toEqual(["hops fails: 10.0.0.2"]);
  });

  test("of a certainty", () => {
    expect(compare({}, {}, { certainty: "certain" })).toEqual(["certainty holds: certain"]);
    expect(compare({}, {}, { certainty: "uncertain" })).toEqual(["certainty fails: certain"]);
  });
});
