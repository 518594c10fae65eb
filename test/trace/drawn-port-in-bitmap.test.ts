import { expect, test } from "vitest";
import { ask, filterOfN2, twoNodes } from "../report/two-nodes.ts";

/** Branches of a connection whose drawn source port is put into a bitmap of these ports; members are dropped from then on. */
function outcomes(range: string): readonly string[] {
  const files = twoNodes({
    ...filterOfN2(
      ":INPUT ACCEPT [0:0]",
      ":FORWARD ACCEPT [0:0]",
      ":OUTPUT ACCEPT [0:0]",
      "-A INPUT -p tcp -j SET --add-set seen src",
      "-A INPUT -p tcp -m set --match-set seen src -j DROP",
    ),
    "nodes/n2/ipset-save.txt": `create seen bitmap:port range ${range}\n`,
  });
  const { answer } = ask(files, { from: "node/n1", to: "node/n2", port: 22 });
  return [answer.certainty, ...answer.branches.map(({ run }) => String(run.report?.result))].sort();
}

test("a port that is drawn is a member of a bitmap that holds them all, and of none that holds others", () => {
  expect(outcomes("0-65535")).toEqual(["certain", "timeout"]);
  expect(outcomes("20-8000")).toEqual(["answered", "certain"]);
});

test("of a bitmap that holds some of them it is one by chance", () => {
  expect(outcomes("0-40000")).toEqual(["answered", "branching", "timeout"]);
});

/** Rules of n2's INPUT about a bitmap of 20,000 ports, among which the drawn source port may be. */
function ofMany(header: string, ...rules: readonly string[]): readonly string[] {
  const members = Array.from({ length: 20_000 }, (_, at) => `add seen ${33_000 + at}\n`).join("");
  const files = twoNodes({
    ...filterOfN2(":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", ...rules),
    "nodes/n2/ipset-save.txt": `create seen bitmap:port range 0-65535${header}\n${members}`,
  });
  const { answer } = ask(files, { from: "node/n1", to: "node/n2", port: 22 });
  return [answer.certainty, ...answer.branches.map(({ run }) => String(run.report?.result))].sort();
}

test("which of many members a drawn port is makes no branch of its own, counted or taken out", () => {
  const drop = "-A INPUT -p tcp -m set --match-set seen src -j DROP";
  expect(ofMany(" counters", drop)).toEqual(["answered", "branching", "timeout"]);
  expect(ofMany("", "-A INPUT -p tcp -j SET --del-set seen src", drop)).toEqual(["answered", "certain"]);
  expect(ofMany("", "-A INPUT -p tcp -j SET --add-set seen src", drop)).toEqual(["certain", "timeout"]);
});
