import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Network } from "../../../src/model/network.ts";
import { originTable } from "../../../src/model/origin.ts";
import { readNftBaseChains } from "../../../src/readers/nft/base-chains.ts";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle, Refused } from "../harness/oracle-client.ts";
import { muted, withHost } from "../harness/podpath-network.ts";
import { routerLab } from "../harness/router-lab.ts";
import { nativeRuleset } from "./random-ruleset.ts";

const available = await kernelAvailable();

const MUTE = ["A", "B", "C"];
const SEED = 20260;
const RULESETS = 60;
const PACKETS = 12;

const packet: fc.Arbitrary<ProbePacket> = fc
  .record({
    interface: fc.constantFrom("in0", "in0", "out0", ""),
    src: fc.constantFrom("10.0.0.2", "10.0.0.140", "10.0.0.200"),
    dst: fc.constantFrom("10.0.1.2", "10.0.1.140", "10.0.0.1", "10.9.1.1", "10.0.2.2"),
    proto: fc.constantFrom("tcp", "tcp", "udp", "icmp"),
    dport: fc.constantFrom(22, 53, 80, 443, 8080, 1500),
    sport: fc.constantFrom(22, 4000, 40000),
    flags: fc.constantFrom("S", "S", "SA", "A", "R", "FA"),
    ttl: fc.constantFrom(64, 64, 1, 2),
    tos: fc.constantFrom(0, 0xb8, 0x28),
  })
  .map(({ interface: device, src, dst, proto, dport, sport, flags, ttl, tos }) => ({
    host: "R",
    ...(device === "" ? {} : { interface: device, src: device === "out0" ? "10.0.1.140" : src }),
    dst: device === "out0" && dst.startsWith("10.0.1") ? "10.0.0.140" : dst,
    proto,
    ttl,
    tos,
    ...(proto === "icmp" ? { icmpType: 8, icmpId: 7 } : { sport, dport }),
    ...(proto === "tcp" ? { flags: device === "" ? "S" : flags } : {}),
  }));

describe.skipIf(!available)("native nft tables on the kernel and in podpath", () => {
  let oracle: Oracle;
  let network: Network;
  beforeAll(async () => {
    oracle = new Oracle();
    network = networkOf(routerLab());
    await oracle.build(toBuildRequest(network, { mute: MUTE }));
  });
  afterAll(() => oracle.close());

  /** Loads the text, without the lines that nft refuses because they contradict themselves. */
  async function load(text: string): Promise<void> {
    try {
      await oracle.load({ host: "R", nft: text });
    } catch (error) {
      const line = error instanceof Refused ? /:(\d+):\d+-\d+: Error: conflicting/.exec(error.message)?.[1] : undefined;
      if (line === undefined) throw error;
      const lines = text.split("\n");
      lines.splice(Number(line) - 1, 1);
      await load(lines.join("\n"));
    }
  }

  /** What the kernel lists after it took the text. */
  async function listed(text: string): Promise<string> {
    await oracle.reset("R");
    await load(text);
    const tables = [...text.matchAll(/^table (\S+ \S+)/gm)].map(([, name = ""]) => name);
    const texts: string[] = [];
    for (const name of tables) {
      const { stdout, code } = await oracle.exec("R", ["nft", "list", "table", ...name.split(" ")]);
      expect(code).toBe(0);
      texts.push(stdout);
    }
    return texts.join("");
  }

  it(`agree on what ${RULESETS} random rulesets do to ${PACKETS} packets each`, async () => {
    const rulesets = fc.sample(nativeRuleset, { seed: SEED, numRuns: RULESETS });
    const packets = fc.sample(packet, { seed: SEED, numRuns: RULESETS * PACKETS });
    const differing: string[] = [];
    let notAll = 0;
    for (const [number, text] of rulesets.entries()) {
      const listing = await listed(text);
      const { baseChains, findings } = readNftBaseChains({ text: listing, file: "nft-ruleset.txt" }, originTable());
      // other types than local for IPv6; what nft 1.0.6 lists wrongly (`icmp checksum` for a port, `ip ttl != 64-0`)
      if (findings.length > 0) notAll++;
      const duel = new Duel(oracle, muted(withHost(network, "R", { nftBaseChains: baseChains }), MUTE));
      for (const one of packets.slice(number * PACKETS, (number + 1) * PACKETS)) {
        const round = await duel.ask(one);
        const differences = (round?.differences ?? []).filter((words) => !/\brules from \d+:/.test(words));
        if (differences.length > 0) differing.push(`${listing}${JSON.stringify(one)}\n${differences.join("\n")}`);
      }
    }
    expect(notAll).toBeLessThan(RULESETS / 3);
    expect(differing.length, differing.slice(0, 3).join("\n\n")).toBe(0);
  });
});
