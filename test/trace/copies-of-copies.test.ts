import { expect, test } from "vitest";
import { ask, filterOfN2, twoNodes } from "../report/two-nodes.ts";

test("copies that are copied again, some by chance, end by what may be kept, and the answer says that it is not all", () => {
  const copying = filterOfN2(
    ":INPUT ACCEPT [0:0]",
    ":FORWARD ACCEPT [0:0]",
    ":OUTPUT ACCEPT [0:0]",
    "-A INPUT -j TEE --gateway 10.0.0.2",
    "-A INPUT -m statistic --mode random --probability 0.5 -j TEE --gateway 10.0.0.2",
  );
  const { answer } = ask(twoNodes(copying), { from: "node/n1", to: "node/n2", port: 22 });
  expect(answer.truncated).toBe(true);
  expect(answer.certainty).toBe("uncertain");
  const packets = answer.branches.reduce((sum, { run }) => sum + run.journeys.length, 0);
  expect(packets).toBeLessThan(60_000);
});
