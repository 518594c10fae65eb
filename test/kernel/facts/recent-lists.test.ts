import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { readRecent } from "../../../src/readers/recent.ts";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { muted, withHost } from "../harness/podpath-network.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

const CHAINS = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"].map((name) => `:${name} ACCEPT [0:0]`);

/** What is asked of a list before the packet is put into it: marks show which rules held. */
const QUESTIONS = [
  "--rcheck",
  "! --rcheck",
  "--rcheck --seconds 2",
  "--rcheck --seconds 60 --hitcount 2",
  "--rcheck --hitcount 3",
  "--rcheck --seconds 60 --rttl",
  "--update --seconds 2 --hitcount 3",
];

/** The command that the docs name. */
const DUMP = "tail -v -n +1 /proc/net/xt_recent/*; grep -m2 -e ^now -e ^jiffies /proc/timer_list";

describe.skipIf(!available).each([
  [4, "10.0.0", "10.0.1.2", "255.255.255.255"],
  [6, "fd00:a:", "fd00:b::2", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
] as const)("lists of recent addresses that /proc told, IPv%i", (family, subnet, dst, mask) => {
  let oracle: Oracle;
  const name = `seen${family}`;
  const lines = [...QUESTIONS.map((question) => `${question} --name ${name} --mask ${mask}`), `--set --name ${name}`];
  const text = [
    "*mangle",
    ...CHAINS,
    ...lines.map((line) => `-A PREROUTING -i in0 -m recent ${line} --rsource -j MARK --set-mark 0x1`),
    "COMMIT",
    "",
  ].join("\n");
  const router = { rulesets: [{ text, family }] };
  const plain = networkOf(family === 4 ? routerLab({ router }) : routerLab6({ router }));
  const network = muted(plain, ["A", "B", "C"]);
  beforeAll(async () => {
    oracle = new Oracle();
    await oracle.build(toBuildRequest(plain, { mute: ["A", "B", "C"] }));
  });
  afterAll(() => oracle.close());

  const from = (host: number, ttl = 64): ProbePacket => ({
    host: "R",
    interface: "in0",
    src: family === 4 ? `${subnet}.${host}` : `${subnet}:${host}`,
    dst,
    proto: "udp",
    sport: 4000,
    dport: 53,
    ttl,
  });

  it("go on where the kernel was", async () => {
    const send = async (...packets: readonly ProbePacket[]): Promise<void> => {
      for (const packet of packets) await oracle.probe(packet, true);
    };
    await send(from(130), from(131), from(131, 63));
    await sleep(2500);
    await send(from(132), from(133), from(133), from(133), from(134, 60));
    const { stdout } = await oracle.exec("R", ["sh", "-c", DUMP]);
    const { lists, findings } = readRecent(stdout, "xt-recent.txt", originTable());
    expect(findings).toEqual([]);
    expect(lists.get(name)?.map(({ ages }) => ages.length)).toHaveLength(5);
    const duel = new Duel(oracle, withHost(network, "R", { recentLists: lists }));
    for (const packet of [130, 131, 132, 133, 134, 135].map((host) => from(host))) {
      const round = await duel.ask({ ...packet, fresh: packet.src?.endsWith("130") ?? false });
      expect([packet.src, ...(round?.differences ?? ["nothing to answer"])]).toEqual([packet.src]);
    }
  });
});
