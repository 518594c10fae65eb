import { expect, test } from "vitest";
import { PLAIN_INK } from "../../src/report/ink.ts";
import { answerJson } from "../../src/report/trace-json.ts";
import { traceText } from "../../src/report/trace-text.ts";
import { ask, twoNodes } from "./two-nodes.ts";

/** n1 sends all to n2, which sends it on to a machine on the same link and redirects n1. */
const REDIRECTED = {
  "nodes/n1/ip-route.txt": "default via 10.0.0.2 dev eth0\n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\n",
  "nodes/n1/ip-neigh.txt": "10.0.0.9 dev eth0 lladdr 02:00:00:00:00:09 REACHABLE\n",
  "nodes/n1/sysctl.txt": "net.ipv4.conf.eth0.forwarding = 0\nnet.ipv4.conf.eth0.accept_redirects = 1\n",
  "nodes/n2/ip-route.txt": "default via 10.0.0.9 dev eth0\n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2\n",
  "nodes/n2/sysctl.txt": "net.ipv4.ip_forward = 1\n",
};

test("a packet that takes the way of a redirect says whose it was", () => {
  const { asked, answer } = ask(twoNodes(REDIRECTED), { from: "node/n1", to: "203.0.113.9", port: 80 });
  const words = "by 10.0.0.9, as a redirect of 10.0.0.2 (n2) told";
  expect(traceText(asked, answer, { ink: PLAIN_INK, verbose: true })).toContain(words);
  const told = JSON.stringify(answerJson(answer));
  expect(told).toContain('"nextHop":"10.0.0.9","redirectedBy":"10.0.0.2"');
});
