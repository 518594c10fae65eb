import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bridgeLab } from "../harness/bridge-lab.ts";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const MACS = { A: "66:00:00:00:00:01", B: "66:00:00:00:00:02" } as const;

/** A set of one address with one MAC address each: hash:mac and hash:ip,mac are not in every kernel. */
const SETS = (
  [
    ["from", "10.0.0.1", MACS.A],
    ["to", "10.0.0.2", MACS.B],
    ["between", "10.0.0.1", MACS.B],
  ] as const
).flatMap(([name, address, mac]) => [
  `create ${name} bitmap:ip,mac range 10.0.0.0/24`,
  `add ${name} ${address},${mac}`,
]);

const TESTS = ["from src,src", "to dst,dst", "between src,dst", "between src,src"].map(
  (test) => `-m set --match-set ${test} -j MARK --set-mark 1`,
);
const CHAINS = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

/** To a neighbour behind the same bridge, through the bridge's host, to that, and from it. */
const PACKETS = {
  bridged: { host: "A", src: "10.0.0.1", dst: "10.0.0.2", proto: "icmp", icmpType: 8, length: 8 },
  routed: { host: "A", src: "10.0.0.1", dst: "10.0.1.2", proto: "icmp", icmpType: 8, length: 8 },
  received: { host: "A", src: "10.0.0.1", dst: "10.0.0.254", proto: "icmp", icmpType: 8, length: 8 },
  sent: { host: "S", src: "10.0.0.254", dst: "10.0.0.2", proto: "icmp", icmpType: 8, length: 8 },
} as const satisfies Readonly<Record<string, ProbePacket>>;

describe.skipIf(!available)("sets with MAC addresses on a bridge, as the kernel asks them", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  /** Numbers of the tests that hold of the packet, by the chain. */
  async function held(packet: ProbePacket): Promise<Readonly<Record<string, readonly number[]>>> {
    const rules = CHAINS.flatMap((chain) => TESTS.map((test) => `-A ${chain} ${test}`));
    const end = (name: "A" | "B", number: number) => ({
      interfaces: [{ name: "eth0", mac: MACS[name], addresses: [`10.0.0.${number}/24`] }],
    });
    const lab = bridgeLab({
      bridge: { ipsets: SETS.join("\n"), rulesets: [{ text: table("mangle", rules) }] },
      hosts: { A: end("A", 1), B: end("B", 2) },
    });
    const { kernel } = await (await Duel.of(oracle, lab)).agree(packet);
    const rulesOf = (wanted: string) =>
      kernel.rules.flatMap(({ chain, index }) => (chain === wanted && index !== null && index > 0 ? [index] : []));
    const entries = CHAINS.map((chain) => [chain, rulesOf(chain)] as const);
    return Object.fromEntries(entries.filter(([, numbers]) => numbers.length > 0));
  }

  it("finds both addresses of a frame that is bridged, in POSTROUTING too, where it has no input device", async () => {
    expect(await held(PACKETS.bridged)).toEqual({
      PREROUTING: [1, 2, 3],
      FORWARD: [1, 2, 3],
      POSTROUTING: [1, 2, 3],
    });
  });

  it("finds the sender's of a packet that is routed or received, and none of the host's own", async () => {
    expect(await held(PACKETS.routed)).toEqual({
      PREROUTING: [1],
      FORWARD: [1],
      POSTROUTING: [1],
    });
    expect(await held(PACKETS.received)).toEqual({ PREROUTING: [1], INPUT: [1] });
    expect(await held(PACKETS.sent)).toEqual({});
  });
});
