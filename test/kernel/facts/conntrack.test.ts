import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";

const available = await kernelAvailable();

const CHAINS: Readonly<Record<string, readonly string[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
};

function table(name: string, ...rules: readonly string[]): string {
  const chains = (CHAINS[name] ?? []).map((chain) => `:${chain} ACCEPT [0:0]`);
  return [`*${name}`, ...chains, ...rules, "COMMIT", ""].join("\n");
}

/** Turns conntrack on and tells its word. */
const STATES = ["NEW", "ESTABLISHED", "RELATED", "INVALID"].map(
  (state) => `-A PREROUTING -m conntrack --ctstate ${state} -j MARK --set-mark 0x1`,
);

const FROM_A: ProbePacket = {
  host: "R",
  interface: "in0",
  src: "10.0.0.2",
  dst: "10.0.1.2",
  proto: "udp",
  sport: 4000,
  dport: 80,
};

describe.skipIf(!available)("connections on the kernel and in podpath", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const duel = (text: string, sysctls: Readonly<Record<string, string>> = {}): Promise<Duel> =>
    Duel.of(oracle, routerLab({ router: { rulesets: [{ text }], sysctls } }), ["A", "B", "C"], true);
  const pass = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

  it("die with their timeout and not before: a four-second UDP flow is forgotten after it", async () => {
    const lab = await duel(table("mangle", ...STATES), { "net.netfilter.nf_conntrack_udp_timeout": "4" });
    lab.clockRuns = true;
    await lab.agree({ ...FROM_A, fresh: true });
    await pass(4.5);
    // Both sides take the answer for a flow of its own.
    const { kernel } = await lab.agree({
      host: "R",
      interface: "out0",
      src: "10.0.1.2",
      dst: "10.0.0.2",
      proto: "udp",
      sport: 80,
      dport: 4000,
      fresh: false,
    });
    expect(kernel.rules.some(({ index, chain }) => chain === "PREROUTING" && index === 1)).toBe(true);
  });

  it("are streams once they are older than two seconds and answered", async () => {
    const lab = await duel(table("mangle", ...STATES));
    lab.clockRuns = true;
    await lab.agree({ ...FROM_A, id: "first", fresh: true });
    await lab.agree({ replyTo: "first", fresh: false });
    await pass(2.3);
    const { answer } = await lab.agree({ ...FROM_A, fresh: false });
    const [entry] = answer.branches[0]?.run.conntrack?.get("R") ?? [];
    expect(entry).toMatchObject({ assured: true, timeout: 120 });
  });

  it("take the zone that the mark names", async () => {
    const lab = await duel(table("raw", "-A OUTPUT -j CT --zone mark") + table("mangle", ...STATES));
    const { answer } = await lab.agree({ host: "R", dst: "10.0.1.2", proto: "udp", sport: 9, dport: 9, mark: 0x10007 });
    expect(answer.branches[0]?.run.conntrack?.get("R")?.[0]).toMatchObject({ zone: 7, replyZone: 7 });
  });

  it("are NEW to rules that run between -j CT and conntrack", async () => {
    const seen = ["NEW", "INVALID"].map(
      (state) => `-A PREROUTING -m conntrack --ctstate ${state} -j MARK --set-mark 0x1`,
    );
    const lab = await duel(table("raw", "-A PREROUTING -j CT --zone 4", "-A PREROUTING -j CT --zone 5", ...seen));
    const { kernel, answer } = await lab.agree(FROM_A);
    expect(kernel.rules.filter(({ table: name }) => name === "raw").map(({ index }) => index)).toContain(3);
    expect(answer.branches[0]?.run.conntrack?.get("R")?.[0]).toMatchObject({ zone: 4 });
  });

  it("that were masqueraded die when they are routed over another device", async () => {
    const routes = ["10.5.0.0/16 via 10.0.1.2", "10.5.0.0/16 via 10.0.2.2 table 100"];
    const text = table("nat", "-A POSTROUTING -j MASQUERADE") + table("mangle", ...STATES);
    const rules = ["fwmark 0x9 table 100 pref 50"];
    const lab = await Duel.of(
      oracle,
      routerLab({ router: { rulesets: [{ text }], routes, rules } }),
      ["A", "B", "C"],
      true,
    );
    const packet: ProbePacket = { host: "R", dst: "10.5.0.1", proto: "udp", sport: 77, dport: 78 };
    await lab.agree({ ...packet, src: "10.0.0.1", fresh: true });
    const { kernel } = await lab.agree({ ...packet, src: "10.0.0.1", mark: 9, fresh: false });
    expect(kernel).toMatchObject({ outcome: "dropped", reason: "NETFILTER_DROP" });
  });

  it("give a port that TIME_WAIT holds to a new connection with later numbers", async () => {
    const lab = await duel(table("nat", "-A POSTROUTING -p tcp -o out0 -j SNAT --to-source 10.77.0.1:6000"));
    const tcp = { ...FROM_A, proto: "tcp" };
    await lab.agree({ ...tcp, id: "s", flags: "S", seq: 1000, fresh: true });
    await lab.agree({ replyTo: "s" });
    await lab.agree({ ...tcp, flags: "A", seq: 1001, ack: 5001, fresh: false });
    await lab.agree({ ...tcp, id: "f", flags: "FA", seq: 1001, ack: 5001, fresh: false });
    await lab.agree({ replyTo: "f", flags: "FA" });
    await lab.agree({ ...tcp, flags: "A", seq: 1002, ack: 5002, fresh: false });
    const other = { ...tcp, src: "10.0.0.129", flags: "S" };
    const early = await lab.agree({ ...other, seq: 500, fresh: false });
    expect(early.kernel.outcome).toBe("dropped");
    const late = await lab.agree({ ...other, seq: 90_000, fresh: false });
    expect(late.kernel.outcome).toBe("delivered");
  });

  it.each(["tcp", "icmp"])("that were given all ports or ids of a range leave none to the next: %s", async (proto) => {
    const lab = await duel(table("nat", `-A POSTROUTING -p ${proto} -o out0 -j SNAT --to-source 10.77.0.1:100-102`));
    const end = async (source: number, dst: string): Promise<string> => {
      const packet = proto === "tcp" ? { sport: 4000, dport: 80, flags: "S" } : { icmpId: 7 };
      const base = { host: "R", interface: "in0", proto, src: `10.0.0.${source}`, dst, fresh: source === 129 };
      return (await lab.agree({ ...base, ...packet })).kernel.outcome;
    };
    const ends: string[] = [];
    for (const source of [129, 130, 131, 132, 133]) ends.push(await end(source, "10.0.1.2"));
    expect(ends).toEqual(["delivered", "delivered", "delivered", "dropped", "dropped"]);
    expect(await end(134, "10.0.1.130")).toBe("delivered");
  });

  it("are closed on the spot when REJECT resets them, and not by a reset that has no connection to close", async () => {
    const reject = ":INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n";
    const rules = [
      "-A INPUT -i lo -p tcp -j REJECT --reject-with tcp-reset",
      "-A FORWARD -p tcp -m tcp --tcp-flags PSH PSH -j REJECT --reject-with tcp-reset",
    ];
    const lab = await duel(`${table("mangle", ...STATES)}*filter\n${reject}${rules.join("\n")}\nCOMMIT\n`);
    const tcp = { ...FROM_A, proto: "tcp" };
    await lab.agree({ host: "R", dst: "10.0.0.1", proto: "tcp", sport: 179, dport: 5000, flags: "S", fresh: true });
    await lab.agree({ ...tcp, id: "s", flags: "S", seq: 1000, fresh: true });
    await lab.agree({ replyTo: "s" });
    await lab.agree({ ...tcp, flags: "A", seq: 1001, ack: 5001, fresh: false });
    const { answer } = await lab.agree({ ...tcp, flags: "PA", seq: 1001, ack: 5001, length: 4, fresh: false });
    expect(answer.branches[0]?.run.conntrack?.get("R")?.[0]).toMatchObject({ state: "CLOSE", timeout: 10 });
    // A first packet is rejected before its connection is confirmed.
    await lab.agree({ ...tcp, sport: 5, flags: "PA", seq: 1, ack: 1, fresh: true });
  });

  it.each(["10.77.0.1-10.77.0.200", "10.77.0.1-10.77.0.200 --persistent", "10.76.255.250-10.77.0.9"])(
    "are translated to the address that the kernel's hash names: %s",
    async (range) => {
      const lab = await duel(table("nat", `-A POSTROUTING -o out0 -j SNAT --to-source ${range}`));
      for (let i = 0; i < 12; i++) {
        await lab.agree({ ...FROM_A, src: `10.0.0.${130 + 7 * i}`, dst: i % 2 === 0 ? "10.0.1.2" : "10.0.1.140" });
      }
    },
  );
});
