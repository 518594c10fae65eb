import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { networkOf } from "../harness/lab.ts";
import { table as tableOf } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { muted } from "../harness/podpath-network.ts";
import { type RouterOptions, routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

const FAR = ["A", "B", "C"];

/** Where a packet may end, and what its sender hears: errno, drop reason, answers, compared one place after the other. */
describe.skipIf(!available).each([4, 6] as const)("places where packets end, IPv%i", (family) => {
  const six = family === 6;
  const flag = six ? "-6 " : "";
  const [src, dst, own, out] = six
    ? ["fd00:a::2", "fd00:b::2", "fd00:a::1", "fd00:b::1"]
    : ["10.0.0.2", "10.0.1.2", "10.0.0.1", "10.0.1.1"];
  const icmp = six ? "icmpv6" : "icmp";
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const duelOf = (options: RouterOptions, mute: readonly string[] = FAR): Promise<Duel> =>
    Duel.of(oracle, six ? routerLab6(options) : routerLab(options), mute);
  const through: ProbePacket = { host: "R", interface: "in0", src, dst, proto: "udp", sport: 4000, dport: 80 };
  const local: ProbePacket = { host: "R", src: out, dst, proto: "udp", sport: 4000, dport: 80 };
  const rejectWith = six ? "icmp6-adm-prohibited" : "icmp-admin-prohibited";

  const CHAINS = [
    ["raw", "OUTPUT"],
    ["mangle", "OUTPUT"],
    ["filter", "OUTPUT"],
    ["mangle", "POSTROUTING"],
  ] as const;
  it.each(CHAINS.flatMap((place) => (["legacy", "nft"] as const).map((backend) => [...place, backend] as const)))(
    "a rule of %s %s (%s) that drops, rejects or queues what this host sends",
    async (table, chain, backend) => {
      const targets = ["DROP", "NFQUEUE", "NFQUEUE --queue-bypass"];
      if (table === "filter") targets.push("REJECT", `REJECT --reject-with ${rejectWith}`);
      for (const target of targets) {
        const text = tableOf(table, [`-A ${chain} -j ${target}`]);
        const duel = await duelOf({ router: { rulesets: [{ family, backend, text }] } });
        for (const packet of [
          local,
          { ...local, proto: "tcp", flags: "S" },
          { ...local, proto: icmp },
          { ...local, dst: own, src: own },
        ]) {
          const { kernel } = await duel.agree(packet);
          if (target === "DROP") expect(kernel.errno).toBe("EPERM");
        }
      }
      const reset = tableOf(table, [`-A ${chain} -p tcp -j REJECT --reject-with tcp-reset`]);
      if (table === "filter") {
        const duel = await duelOf({ router: { rulesets: [{ family, backend, text: reset }] } });
        await duel.agree({ ...local, proto: "tcp", flags: "S" });
      }
    },
  );

  const KINDS = ["blackhole", "unreachable", "prohibit", "throw"] as const;
  it.each(KINDS)("a %s route, in main and in another table", async (kind) => {
    const target = six ? "fd00:77::1" : "10.77.0.1";
    const prefix = six ? "fd00:77::/64" : "10.77.0.0/16";
    for (const rest of ["", " table 100"]) {
      const rules = rest === "" ? [] : [`${flag}pref 50 lookup 100`];
      const duel = await duelOf({ router: { routes: [`${flag}${kind} ${prefix}${rest}`], rules } });
      for (const packet of [
        { ...local, dst: target },
        { ...local, dst: target, proto: "tcp", flags: "S" },
        { ...local, dst: target, raw: true },
        { ...through, dst: target },
        { ...through, dst: target, proto: icmp },
        { ...through, dst: target, ttl: 1 },
      ]) {
        await duel.agree(packet);
      }
    }
  });

  it("an interface that is down, whose neighbour is silent, or without an address of the family", async () => {
    const lab = six ? routerLab6({ router: { routes: [] } }) : routerLab({ router: { routes: [] } });
    const down = {
      ...lab,
      hosts: lab.hosts.map((host) =>
        host.name === "R"
          ? {
              ...host,
              interfaces: host.interfaces.map((item) => (item.name === "out1" ? { ...item, up: false } : item)),
            }
          : host,
      ),
    };
    const duel = await Duel.of(oracle, down, FAR);
    const beyond = six ? "fd00:c::2" : "10.0.2.2";
    for (const packet of [
      { ...local, dst: beyond },
      { ...through, dst: beyond },
      { ...local, dst: beyond, bindInterface: "out1" },
      { ...local, src: six ? "fd00:c::1" : "10.0.2.1" },
    ]) {
      await duel.agree(packet);
    }
  });

  it("a loopback device that is down, by which a host reaches itself", async () => {
    const lab = six ? routerLab6() : routerLab();
    const down = {
      ...lab,
      hosts: lab.hosts.map((host) =>
        host.name === "R" ? { ...host, interfaces: [...host.interfaces, { name: "lo", up: false }] } : host,
      ),
    };
    const duel = await Duel.of(oracle, lab, FAR);
    await oracle.commands("R", ["ip link set lo down"]);
    duel.use(muted(networkOf(down), FAR));
    for (const packet of [
      { ...local, dst: own, src: own },
      { ...local, dst: out, src: own },
      { ...local, dst: own, src: own, proto: "tcp", flags: "S" },
      { ...local, dst: six ? "::1" : "127.0.0.1", src: six ? "::1" : "127.0.0.1" },
      { ...through, dst: own },
    ]) {
      await duel.agree(packet);
    }
  });

  it("a protocol that nothing handles, and ports where nobody listens", async () => {
    const duel = await duelOf({});
    for (const packet of [
      { ...through, dst: own },
      { ...through, dst: own, proto: "tcp", flags: "S" },
      { ...through, dst: own, proto: "tcp", flags: "A" },
      { ...through, dst: own, proto: "tcp", flags: "R" },
      { ...through, dst: own, proto: "tcp", flags: "" },
      { ...through, dst: own, proto: 99 },
      { ...through, dst: own, proto: 50 },
      { ...through, dst: own, proto: "sctp" },
      { ...local, dst: own, src: own },
      { ...local, dst: own, src: own, proto: "tcp", flags: "S" },
      { ...local, dst: own, src: own, proto: 99 },
    ]) {
      await duel.agree(packet);
    }
  });

  it("longer than the link takes: what the sender hears, and what it is told", async () => {
    const duel = await duelOf({ outMtu: 1300 });
    for (const packet of [
      { ...local, length: 1400, df: true },
      { ...local, length: 1400, raw: true, df: true },
      { ...local, proto: icmp, length: 1300, df: true },
      { ...through, length: 1400, df: true },
      { ...through, length: 1400, df: true, proto: "tcp", flags: "A" },
    ]) {
      await duel.agree(packet);
    }
  });

  const SOURCES = six
    ? ["::", "::1", "ff02::1", "fe80::a", own, "::ffff:10.0.0.1"]
    : ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", own, "10.0.0.255", "240.0.0.1", "169.254.1.1"];
  it.each(SOURCES)("a packet from %s", async (from) => {
    const duel = await duelOf({});
    await duel.agree({ ...through, src: from });
    await duel.agree({ ...through, src: from, dst: own });
  });

  const TARGETS = six
    ? ["::", "::1", "ff02::1", "ff05::2", "fe80::a", "::ffff:10.0.0.1", "fd00:a::"]
    : [
        "0.0.0.0",
        "127.0.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "255.255.255.255",
        "10.0.0.255",
        "10.0.1.255",
        "240.0.0.1",
        "0.1.2.3",
      ];
  it.each(TARGETS)("a packet that comes for %s", async (to) => {
    await (await duelOf({})).agree({ ...through, dst: to });
  });
  // A raw socket writes its own header: what a program's socket makes of 0.0.0.0 and :: is told in local-output.test.ts.
  it.each(TARGETS.slice(1))("a packet that this host sends to %s", async (to) => {
    const duel = await duelOf({});
    await duel.agree({ ...local, dst: to });
    await duel.agree({ ...local, dst: to, proto: icmp });
  });
});
