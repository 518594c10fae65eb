import { expect, test } from "vitest";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { parsePacketLine } from "../../../src/trace/packet-question.ts";
import { createPacketSession } from "../../../src/trace/packet-session.ts";

const ADDRESSES =
  "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP\n    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0\n";
const MAIN = "default via 10.0.0.254 dev eth0\n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\n";
const RULES = "0:\tfrom all lookup local\n101:\tto 10.9.0.0/16 lookup 100\n32766:\tfrom all lookup main\n";
const SHOWN = "local 10.0.0.1 dev eth0 table local proto kernel scope host src 10.0.0.1\n";

function assumed(routes: string, rules: string): readonly string[] {
  const files = new Map([
    ["nodes/n/ip-addr.txt", ADDRESSES],
    ["nodes/n/ip-route.txt", routes],
    ["nodes/n/ip-rule.txt", rules],
  ]);
  const parsed = parsePacketLine('{"host":"n","dst":"10.9.0.3","proto":"udp","dport":53}', { file: "test", line: 1 });
  if ("findings" in parsed) throw new Error(JSON.stringify(parsed.findings));
  const answer = createPacketSession(readSnapshot({ name: "test", files }).network).ask(parsed.question, {});
  if ("findings" in answer) throw new Error(JSON.stringify(answer.findings));
  const { assumptions } = answer.answer;
  return assumptions.filter(({ code }) => code === "only-dumped-routes").map(({ detail }) => detail);
}

test("a table that rules lead to is taken to be empty where only main was dumped, and the answer says so", () => {
  expect(assumed(MAIN, RULES)).toEqual(["routes of n in table 100"]);
  expect(assumed(MAIN + SHOWN, RULES)).toEqual([]);
  expect(assumed(`${MAIN}10.9.0.0/16 via 10.0.0.253 dev eth0 table 100\n`, RULES)).toEqual([]);
  expect(assumed(MAIN, RULES.replace(/101.*\n/, ""))).toEqual([]);
});
