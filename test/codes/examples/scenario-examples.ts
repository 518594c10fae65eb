import type { SCENARIO_CODES } from "../../../src/model/codes/scenario-codes.ts";
import { type CommandExample, type ExamplesOf, NODE, snapshot } from "../example.ts";

const HEAD = "apiVersion: podpath/v1\nkind: Scenario\nmetadata: {name: s}\n";

function scenario(text: string): CommandExample {
  return { files: { "scenario.yaml": `${HEAD}${text}` }, beside: NODE, run: ["run", "scenario.yaml"] };
}

const PROBE = "{name: a, from: node/n1, to: 10.0.0.1, kind: ping}";

export const SCENARIO_EXAMPLES: ExamplesOf<typeof SCENARIO_CODES> = {
  "bad-field": scenario(
    `network: {snapshot: ./cluster1}\nprobes: [{name: a, from: node/n1, to: 10.0.0.1, kind: wink}]\n`,
  ),
  "change-not-played": scenario(
    `network: {snapshot: ./cluster1}\nprobes: [${PROBE}]\ntimeline: [{at: 1s, change: {crash: {name: shop/web}}}]\n`,
  ),
  "change-of-nobody": scenario(
    `network: {snapshot: ./cluster1}\nprobes: [${PROBE}]\ntimeline: [{at: 1s, change: {exec: {host: m*, command: iptables -F}}}]\n`,
  ),
  "command-refused": scenario(
    `network: {snapshot: ./cluster1}\nprobes: [${PROBE}]\ntimeline: [{at: 1s, change: {exec: {host: n1, command: iptables -D INPUT 9}}}]\n`,
  ),
  "fix-of-nothing": scenario(
    `network: {snapshot: ./cluster1}\nprobes: [${PROBE}]\nfixes: [{name: f, changes: [], expect: {b: {result: answered}}}]\n`,
  ),
  "forgotten-by-reboot": scenario(
    `network: {snapshot: ./cluster1}\nprobes: [${PROBE}]\ntimeline:\n- {at: 1s, change: {exec: {host: n1, command: iptables -A INPUT -p tcp -j DROP}}}\n- {at: 2s, change: {node: {host: n1, action: reboot}}}\n`,
  ),
  "network-missing": scenario("probes: []\n"),
  "probe-incomplete": scenario("network: {snapshot: ./cluster1}\nprobes: [{name: a, from: node/n1}]\n"),
  "probe-twice": scenario(`network: {snapshot: ./cluster1}\nprobes:\n  - ${PROBE}\n  - ${PROBE}\n`),
  "unknown-key": snapshot({ "snapshot.yaml": "apiVersion: podpath/v1\nkind: Snapshot\nfabrik: {}\n" }),
};
