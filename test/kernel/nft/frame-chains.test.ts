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

  it("do what podpath says, or what it has for possible", async () => {
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

  it("of a bridge see what it hands on, up and out", async () => {
    const mac = (last: number): string => `02:00:00:0b:00:0${last}`;
    const network = networkOf({
      hosts: [
        {
          name: "S",
          interfaces: [
            { name: "br0", kind: "bridge", mac: mac(9), addresses: ["10.0.0.254/24"] },
            { name: "p0", master: "br0" },
            { name: "p1", master: "br0" },
          ],
          neighbours: [`10.0.0.1 br0 ${mac(1)}`, `10.0.0.2 br0 ${mac(2)}`],
          bridgeFdb: [`${mac(1)} p0 br0`, `${mac(2)} p1 br0`],
        },
        ...[1, 2].map((at) => ({
          name: at === 1 ? "A" : "B",
          interfaces: [{ name: "eth0", mac: mac(at), addresses: [`10.0.0.${at}/24`] }],
          neighbours: [`10.0.0.254 eth0 ${mac(9)}`, `10.0.0.${3 - at} eth0 ${mac(3 - at)}`],
        })),
      ],
      links: [
        ["S:p0", "A:eth0"],
        ["S:p1", "B:eth0"],
      ],
    });
    await oracle.build(toBuildRequest(network));
    const duel = new Duel(oracle, network);
    // An echo reply that nobody asked for: nobody answers it.
    const ways: readonly (readonly [string, string, readonly string[]])[] = [
      ["A", "10.0.0.2", ["prerouting", "forward", "postrouting"]],
      ["A", "10.0.0.254", ["prerouting", "input"]],
      ["S", "10.0.0.2", ["output", "postrouting"]],
    ];
    const told: string[] = [];
    const expected: string[] = [];
    for (const hook of ["prerouting", "input", "forward", "output", "postrouting"]) {
      for (const [policy, rule] of [
        ["drop", ""],
        ["accept", "ip protocol icmp drop"],
        ["drop", "ip protocol icmp accept"],
      ] as const) {
        const loaded = await oracle.exec(
          "S",
          ["nft", "-f", "-"],
          `flush ruleset\n${chain("bridge f", hook, policy, rule)}`,
        );
        expect(loaded.stderr, hook).toBe("");
        const { stdout } = await oracle.exec("S", ["nft", "list", "ruleset"]);
        const { baseChains } = readNftBaseChains({ text: stdout, file: "nft" }, network.origins);
        duel.use(withHost(network, "S", { nftBaseChains: baseChains }));
        for (const [host, dst, hooks] of ways) {
          const round = await duel.ask({ fresh: true, host, dst, proto: "icmp", icmpType: 0, length: 8 });
          const name = `${hook} ${policy} ${rule}: ${host} to ${dst}`;
          const differences = round?.differences.filter((one) => one.startsWith("outcome")) ?? ["no answer"];
          expect(differences, name).toEqual([]);
          told.push(`${name}: ${round?.kernel.outcome}, ${round?.answer.certainty}`);
          const isMet = hooks.includes(hook);
          const passes = !isMet || rule.endsWith("accept");
          expected.push(`${name}: ${passes ? "delivered" : "dropped"}, ${isMet ? "uncertain" : "certain"}`);
        }
      }
    }
    expect(told).toEqual(expected);
  });
});
