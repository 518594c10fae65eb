import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readNftBaseChains } from "../../../src/readers/nft/base-chains.ts";
import { Duel } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { withHost } from "../harness/podpath-network.ts";
import { routerLab } from "../harness/router-lab.ts";

const available = await kernelAvailable();

const chain = (table: string, place: string, policy: string, rule: string): string =>
  `table ${table} {\n chain c {\n  type filter hook ${place} priority 0; policy ${policy};\n  ${rule}\n }\n}\n`;

/** Each table, and whether podpath must be certain of what it does to an echo request through the router. */
const TABLES: readonly (readonly [string, string, boolean])[] = [
  [
    "inet at ingress",
    chain("inet f", "ingress device in0", "accept", "ip saddr 10.0.0.2 icmp type echo-request drop"),
    true,
  ],
  ["inet at ingress, by policy", chain("inet f", "ingress device in0", "drop", ""), true],
  [
    "inet at ingress of another device",
    chain("inet f", "ingress device out0", "accept", "icmp type echo-request drop"),
    true,
  ],
  ["netdev at ingress", chain("netdev f", "ingress device in0", "accept", "ip saddr 10.0.0.2 drop"), false],
  ["netdev at egress", chain("netdev f", "egress device out0", "drop", ""), false],
  ["netdev at ingress of a device that is not crossed", chain("netdev f", "ingress device out1", "drop", ""), true],
  ["netdev at egress of a device that is not crossed", chain("netdev f", "egress device out1", "drop", ""), true],
  ["bridge", chain("bridge f", "forward", "drop", ""), true],
];

/** Where nobody follows the rules, what the kernel does must be among the answers; elsewhere it is the answer. */
describe.skipIf(!available)("base chains that frames meet beside the hooks of IP", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  it("do what podpath says, or what it has for possible", { timeout: 120_000 }, async () => {
    const network = networkOf(routerLab());
    await oracle.build(toBuildRequest(network));
    const duel = new Duel(oracle, network);
    const certain: boolean[] = [];
    for (const [name, ruleset] of TABLES) {
      const loaded = await oracle.exec("R", ["nft", "-f", "-"], `flush ruleset\n${ruleset}`);
      expect(loaded.stderr, name).toBe("");
      for (const words of [
        ["nft", "list", "ruleset"],
        ["nft", "-j", "list", "ruleset"],
      ]) {
        const { stdout } = await oracle.exec("R", words);
        const { baseChains } = readNftBaseChains({ text: stdout, file: "nft" }, network.origins);
        expect(baseChains.length, stdout).toBe(1);
        duel.use(withHost(network, "R", { nftBaseChains: baseChains }));
        const packet = {
          host: "R",
          interface: "in0",
          src: "10.0.0.2",
          dst: "10.0.1.2",
          proto: "icmp",
          icmpType: 8,
          icmpId: 7,
        };
        const round = await duel.ask({ id: name, fresh: true, ...packet });
        // a tap sees the frame before these chains do, and nft does not trace them: that it ends there is what both say
        const differences = round?.differences.filter((one) => one.startsWith("outcome")) ?? ["no answer"];
        expect(differences, `${name}\n${stdout}`).toEqual([]);
        certain.push(round?.answer.branches.length === 1);
      }
    }
    // JSON of nft 1.0.6 does not tell the device
    const expected = TABLES.flatMap(([, ruleset, isCertain]) => [isCertain, isCertain && !ruleset.includes("device")]);
    expect(certain).toEqual(expected);
  });
});
