import { describe, expect, test } from "vitest";
import { folder, podpath } from "./command.ts";

const addresses = (n: number): string => `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500
    link/ether 02:00:00:00:00:0${n} brd ff:ff:ff:ff:ff:ff
    inet 10.0.0.${n}/24 brd 10.0.0.255 scope global eth0
`;
const SAVE = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";

/** Two nodes on one segment; the second has a table of nft's own. */
function snapshot(ruleset: string): string {
  const files: Record<string, string> = {};
  for (const n of [1, 2]) {
    files[`nodes/n${n}/ip-addr.txt`] = addresses(n);
    files[`nodes/n${n}/ip-route.txt`] = `10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.${n} \n`;
    files[`nodes/n${n}/iptables-nft-save.txt`] = SAVE;
    files[`nodes/n${n}/sockets.txt`] = "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\n";
  }
  return folder({ ...files, "nodes/n2/nft-ruleset.txt": ruleset });
}

const chain = (table: string, place: string, policy: string, ...rules: readonly string[]): string =>
  `table ${table} {\n\tchain c {\n\t\ttype filter hook ${place}; policy ${policy};\n${rules.map((rule) => `\t\t${rule}\n`).join("")}\t}\n}\n`;

interface Answer {
  readonly certainty: string;
  readonly code: number;
  readonly questions: readonly string[];
}

async function answer(ruleset: string): Promise<Answer> {
  const ask = ["--from", "node/n1", "--to", "10.0.0.2", "--proto", "udp", "--port", "53", "--json"];
  const { code, out, err } = await podpath(["trace", snapshot(ruleset), ...ask]);
  expect(out, err).not.toBe("");
  const { certainty, unknowns } = JSON.parse(out) as {
    certainty: string;
    unknowns: readonly { question: string }[];
  };
  return { certainty, code, questions: unknowns.map(({ question }) => question) };
}

describe("a table of nft that stands where podpath does not follow its rules leaves the answer uncertain, and is named:", () => {
  test.each([
    [
      "netdev at ingress",
      chain("netdev f", 'ingress device "eth0" priority -500', "accept", "ip saddr 10.0.0.1 drop"),
      "netdev f c",
    ],
    ["netdev at egress", chain("netdev f", 'egress device "eth0" priority 0', "drop"), "netdev f c"],
    ["netdev at several devices", chain("netdev f", "ingress devices = { lo, eth0 } priority 0", "drop"), "netdev f c"],
    [
      "inet at the ingress of a device that JSON of nft 1.0 does not tell",
      '{"nftables":[{"table":{"family":"inet","name":"f","handle":1}},{"chain":{"family":"inet","table":"f","name":"c","handle":1,"type":"filter","hook":"ingress","prio":0,"policy":"drop"}}]}',
      "inet f c",
    ],
    ["ARP that comes in", chain("arp f", "input priority filter", "drop"), "arp f c"],
    ["ARP that goes out", chain("arp f", "output priority filter", "accept", "arp saddr ip 10.0.0.2 drop"), "arp f c"],
    [
      "a MAC address",
      chain("inet f", "input priority filter", "accept", "ether saddr 02:00:00:00:00:01 drop"),
      "ether saddr 02:00:00:00:00:01",
    ],
    [
      "a number drawn",
      chain("ip f", "input priority filter", "accept", "numgen random mod 2 == 0 drop"),
      "numgen random mod 2 == 0",
    ],
    [
      "a number counted",
      chain("ip f", "input priority filter", "accept", "numgen inc mod 2 0 drop"),
      "numgen inc mod 2 0",
    ],
    [
      "a random value",
      chain("ip f", "input priority filter", "accept", "meta random & 2147483647 < 1073741824 drop"),
      "meta random & 2147483647 < 1073741824",
    ],
    [
      "a limit",
      chain("ip f", "input priority filter", "accept", "limit rate over 1/minute burst 1 packets drop"),
      "limit rate over 1/minute burst 1 packets",
    ],
    ["a quota", chain("ip f", "input priority filter", "accept", "quota over 25 mbytes drop"), "quota over 25 mbytes"],
  ])("%s", async (_, ruleset, named) => {
    const { certainty, questions } = await answer(ruleset);
    expect(certainty).toBe("uncertain");
    expect(questions.join("\n")).toContain(named);
  });
});

describe("a table of nft that cannot stop the packet is no question:", () => {
  test.each([
    ["netdev at another device", chain("netdev f", 'ingress device "eth7" priority 0', "drop")],
    ["inet at another device's ingress", chain("inet f", "ingress devices = { eth7, eth8 } priority 0", "drop")],
    ["netdev that accepts everything", chain("netdev f", 'ingress device "eth0" priority 0', "accept")],
    ["a bridge's on a machine without a bridge", chain("bridge f", "forward priority filter", "drop")],
    [
      "inet at ingress for others",
      chain("inet f", 'ingress device "eth0" priority filter', "accept", "ip saddr 10.0.0.9 drop"),
    ],
  ])("%s", async (_, ruleset) => {
    expect((await answer(ruleset)).questions).toEqual([]);
  });
});

test("rules of inet at a device's ingress are followed there", async () => {
  const drops = chain("inet f", 'ingress device "eth0" priority filter', "accept", "udp dport 53 drop");
  expect(await answer(drops)).toEqual({ certainty: "certain", code: 1, questions: [] });
});
