import { expect, test } from "vitest";
import { PLAIN_INK } from "../../src/report/ink.ts";
import { traceText } from "../../src/report/trace-text.ts";
import { ask, twoNodes } from "./two-nodes.ts";

const FACT = /only the default route matches: n1 has no route of its own/;

/** How n1 asks n2, whose card has another address than usual, where n1's routes are these. */
function asked(address: string, routes: string): string {
  const { "nodes/n2/ip-addr.txt": addresses = "" } = twoNodes();
  const files = twoNodes({
    "nodes/n1/ip-route.txt": routes,
    "nodes/n2/ip-addr.txt": addresses.replace("10.0.0.2/24", address),
  });
  const { asked: question, answer } = ask(files, { from: "node/n1", to: "node/n2", port: 22 });
  return traceText(question, answer, { ink: PLAIN_INK, verbose: false }).replaceAll(/\s+/g, " ");
}

const ALL = "default via 10.0.0.254 dev eth0\n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\n";

test("a node in another subnet is behind the default route, as it should be", () => {
  const text = asked("10.0.1.2/24", ALL);
  expect(text).toContain("default via 10.0.0.254");
  expect(text).not.toMatch(FACT);
});

test("a node in the same subnet that only the default route leads to stands out", () => {
  expect(asked("10.0.0.2/24", "default via 10.0.0.254 dev eth0 onlink\n")).toMatch(FACT);
});
