import { expect, test } from "vitest";
import { twoNodes } from "../report/two-nodes.ts";
import { folder, podpath } from "./command.ts";

/** Two nodes whose BIRDs have a session, and a scenario that asks for what the first learns over it. */
function scenario(more: string, timeline = ""): string {
  const bird = (own: number, text: string): string =>
    `router id 10.0.0.${own};\nprotocol device { }\nprotocol direct { }\nprotocol kernel { export all; }\nprotocol static { route 10.${own}.0.0/16 blackhole; }\nprotocol bgp b { local as 64512; neighbor 10.0.0.${3 - own} as 64512; import all; export all; }\n${text}\n`;
  const files = twoNodes({ "nodes/n1/bird.cfg": bird(1, more), "nodes/n2/bird.cfg": bird(2, "") });
  const placed = Object.fromEntries(Object.entries(files).map(([name, text]) => [`snapshot/${name}`, text]));
  const head = "apiVersion: podpath/v1\nkind: Scenario\nmetadata: {name: small}\nnetwork: {snapshot: ./snapshot}\n";
  const probes = "probes:\n  - {name: learnt, from: n1, to: 10.2.0.1, expect: {result: timeout}}\n";
  return folder({ ...placed, "scenario.yaml": head + timeline + probes });
}

const TIMELINE = "timeline:\n  - {at: 10s, change: {exec: {host: n1, command: ip link set eth0 mtu 1400}}}\n";

test.each([
  ["with all of BIRD followed, what comes of BGP anew is judged", "", "", ["--reconverge"], 0],
  ["routes of BGP that was not followed in all are judged by nobody", "protocol ospf o { }", "", ["--reconverge"], 3],
  [
    "a filter that asks what podpath does not know decides about nothing",
    'protocol static s { import where format(net) = "10.9.0.0/16"; route 10.9.0.0/16 blackhole; }',
    "",
    ["--reconverge"],
    3,
  ],
  ["a file that is included and was not dumped may hold anything", 'include "peers.conf";', "", ["--reconverge"], 3],
  ["the same in a timeline", "protocol ospf o { }", TIMELINE, [], 3],
  ["and of one that is followed it is judged", "", TIMELINE, [], 0],
])("%s", async (_, more, timeline, flags, expected) => {
  const { code, out } = await podpath(["run", scenario(more, timeline), "--json", ...flags]);
  const { probes } = JSON.parse(out);
  expect([code, probes[0].verdict, probes[0].answer.certainty]).toEqual(
    expected === 0 ? [0, "held", "certain"] : [3, "unknown", "uncertain"],
  );
});
