import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ProbePacket, Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { OptionLab, table } from "../harness/option-lab.ts";

const available = await kernelAvailable();

const UDP: ProbePacket = {
  host: "R",
  interface: "in0",
  src: "10.0.0.2",
  dst: "10.0.1.2",
  proto: "udp",
  sport: 4000,
  dport: 80,
  length: 20,
};
const TCP: ProbePacket = { ...UDP, proto: "tcp", flags: "S", length: 0 };
const ECHO: ProbePacket = {
  host: "R",
  interface: "in0",
  src: "10.0.0.2",
  dst: "10.0.1.2",
  proto: "icmp",
  icmpType: 8,
  length: 8,
};
/** An error about a packet that nobody sent. */
const error = (icmpType: number): ProbePacket => ({
  ...ECHO,
  icmpType,
  icmpInner: { src: "10.0.1.2", dst: "10.0.0.2", proto: "udp", sport: 1, dport: 2, length: 8 },
});
const LATER = { fresh: false } as const;

const outcome = ({ kernel }: Round): string => kernel.outcome;
const fate = ({ kernel }: Round): string | null => (kernel.outcome === "delivered" ? kernel.outcome : kernel.reason);
const icmp = ({ kernel }: Round): readonly string[] =>
  kernel.responses.map(({ packet: { icmpType, icmpCode } }) => `${icmpType}/${icmpCode}`);

/** What docs/lab-notes/kernel-checklist.md lists and no other file holds. */
describe.skipIf(!available)("semantics that were observed on a kernel", () => {
  const lab = new OptionLab(4, "legacy");
  const liberal = new OptionLab(4, "legacy", {
    routes: ["10.9.0.0/16 via 10.0.1.2 mtu 600", "10.8.0.0/16 via 10.0.2.2 table 100"],
    rules: ["pref 100 fwmark 1 lookup 100"],
    sysctls: { "net.netfilter.nf_conntrack_tcp_loose": "0", "net.ipv4.conf.in0.rp_filter": "2" },
  });
  /** A device without an address. */
  const bare = new OptionLab(4, "legacy", {
    interfaces: [
      { name: "in0", addresses: ["10.0.0.1/24"] },
      { name: "out0", addresses: ["10.0.1.1/24"] },
      { name: "out1", addresses: [] },
    ],
    routes: ["10.0.2.0/24 dev out1"],
  });
  const nft = new OptionLab(4, "nft");
  const labs = [lab, liberal, bare, nft];
  beforeAll(async () => {
    for (const one of labs) await one.build();
  });
  afterAll(async () => {
    for (const one of labs) await one.close();
  });

  it("a forwarded packet crosses the chains in this order (H1)", async () => {
    const text = [
      table("raw", []),
      table("mangle", []),
      table("filter", []),
      table("nat", ["-A PREROUTING -d 10.99.0.1 -j DNAT --to-destination 10.0.1.2"]),
    ].join("\n");
    const [round] = await lab.agree(text, [UDP]);
    expect(round?.kernel.rules.map((rule) => `${rule.table} ${rule.chain}`)).toEqual([
      "raw PREROUTING",
      "mangle PREROUTING",
      "nat PREROUTING",
      "mangle FORWARD",
      "filter FORWARD",
      "mangle POSTROUTING",
      "nat POSTROUTING",
    ]);
  });

  it("TTL 1 set in PREROUTING ends the packet here, in FORWARD it leaves with it; a REJECT there quotes one less (H6)", async () => {
    const early = await lab.agree(table("mangle", ["-A PREROUTING -j TTL --ttl-set 1"]), [UDP]);
    expect(early.map(icmp)).toEqual([["11/0"]]);
    const late = await lab.agree(table("mangle", ["-A FORWARD -j TTL --ttl-set 1"]), [UDP]);
    expect(late[0]?.kernel.hops.find(({ interface: name }) => name === "out0")?.packet.ttl).toBe(1);
    const [rejected] = await lab.agree(table("filter", ["-A FORWARD -j REJECT"]), [{ ...UDP, ttl: 64 }]);
    expect(rejected?.kernel.responses[0]?.packet.inner?.ttl).toBe(63);
  });

  it("the mark does not cross a veth into another namespace (H5)", async () => {
    const [round] = await lab.agree(table("mangle", ["-A POSTROUTING -j MARK --set-mark 7"]), [UDP]);
    expect(round?.kernel.outcome).toBe("delivered");
  });

  it("a chain called from where a goto led returns there as usual (C3)", async () => {
    const text = [
      "*filter",
      ":FORWARD ACCEPT [0:0]",
      ":a - [0:0]",
      ":b - [0:0]",
      ":c - [0:0]",
      "-A FORWARD -j a",
      "-A FORWARD -p udp",
      "-A a -g b",
      "-A a -j DROP",
      "-A b -j c",
      "-A b -m comment --comment back",
      "-A c -j RETURN",
      "COMMIT",
      "",
    ].join("\n");
    const [round] = await lab.agree(text, [UDP]);
    const met = round?.kernel.rules.map(({ chain, index }) => `${chain} ${index}`);
    expect(met).toEqual(expect.arrayContaining(["b 1", "b 2", "FORWARD 2"]));
  });

  it("a limit and a count begin anew with each load of the rules (C7)", async () => {
    const text = table("filter", [
      "-A FORWARD -m statistic --mode nth --every 2 --packet 1 -j DROP",
      "-A FORWARD -m limit --limit 1/hour --limit-burst 1 -j ACCEPT",
      "-A FORWARD -j DROP",
    ]);
    for (let load = 0; load < 2; load++) {
      const rounds = await lab.agree(text, [UDP, { ...UDP, ...LATER, sport: 4001 }]);
      expect(rounds.map(outcome)).toEqual(["delivered", "dropped"]);
    }
  });

  it.each([
    ["filter", "-A INPUT -m conntrack --ctstate NEW", true],
    ["filter", "-A INPUT -m state --state NEW", true],
    ["filter", "-A INPUT -m connmark --mark 1", true],
    ["filter", "-A INPUT -m connbytes --connbytes 1: --connbytes-dir both --connbytes-mode packets", true],
    ["mangle", "-A INPUT -j CONNMARK --set-mark 1", true],
    ["nat", "-A PREROUTING -d 10.99.0.1 -j DNAT --to-destination 10.0.1.2", true],
    ["nat", "-A POSTROUTING -s 10.99.0.1 -j MASQUERADE", true],
    ["raw", "-A PREROUTING -p icmp -j CT --notrack", false],
    ["filter", "-A INPUT -p tcp", false],
  ] as const)("conntrack runs, and with it nat chains, for %s %s: %s (K1)", async (name, rule, runs) => {
    const nat = name === "nat" ? [rule, "-A PREROUTING -j LOG"] : ["-A PREROUTING -j LOG"];
    const text = `${table("nat", nat)}${name === "nat" ? "" : table(name, [rule])}`;
    const [round] = await lab.agree(text, [UDP]);
    expect(round?.kernel.rules.some((met) => met.table === "nat")).toBe(runs);
  });

  it("no entry is left by what is dropped in FORWARD, INPUT or mangle POSTROUTING, expires, or has no route (K2)", async () => {
    const state = "-A PREROUTING -m conntrack --ctstate ESTABLISHED,NEW";
    const seen = async (text: string, packet: ProbePacket): Promise<number> => {
      const duel = await lab.load(text, { conntrack: true });
      const { result } = await duel.agree(packet);
      return Object.values(result.conntrack ?? {}).flat().length;
    };
    const mangle = (...rules: readonly string[]): string => table("mangle", [state, ...rules]);
    expect(await seen(mangle(), UDP)).toBe(1);
    expect(await seen(mangle("-A FORWARD -j DROP"), UDP)).toBe(0);
    expect(await seen(mangle("-A INPUT -j DROP"), { ...UDP, dst: "10.0.0.1" })).toBe(0);
    expect(await seen(mangle("-A POSTROUTING -j DROP"), UDP)).toBe(0);
    expect(await seen(mangle(), { ...UDP, ttl: 1 })).toBe(0);
    expect(await seen(mangle(), { ...UDP, dst: "172.31.0.1" })).toBe(0);
    expect(await seen(mangle(), { ...UDP, dst: "10.0.1.77" })).toBe(1);
  });

  it("ICMP queries and GRE are NEW, answers and errors about nothing INVALID; without tcp_loose an ACK is (K3)", async () => {
    const states = table("filter", ["-A FORWARD -m conntrack --ctstate INVALID -j DROP"]);
    const types = await lab.agree(states, [
      ...[8, 13, 17, 0, 14].map((icmpType) => ({ ...ECHO, icmpType })),
      error(3),
      error(5),
    ]);
    expect(types.map(outcome)).toEqual([...Array(3).fill("delivered"), ...Array(4).fill("dropped")]);
    const [gre] = await lab.agree(states, [{ ...UDP, proto: 47 }]);
    expect(gre?.kernel.outcome).toBe("delivered");
    const [acknowledgement] = await liberal.agree(states, [{ ...TCP, flags: "A" }]);
    expect(acknowledgement?.kernel.outcome).toBe("dropped");
  });

  it("errors that this node makes about a translated packet come from where it was sent to (N4)", async () => {
    const nat = table("nat", [
      "-A PREROUTING -d 10.9.0.80 -j DNAT --to-destination 10.0.1.2",
      "-A PREROUTING -d 10.9.0.81 -j DNAT --to-destination 172.31.0.1",
      "-A PREROUTING -d 10.9.0.82 -j DNAT --to-destination 10.0.0.1",
    ]);
    const rounds = await lab.agree(nat, [
      { ...UDP, dst: "10.9.0.80", ttl: 1 },
      { ...UDP, dst: "10.9.0.81" },
      { ...UDP, dst: "10.9.0.82" },
    ]);
    expect(rounds.map(({ kernel }) => kernel.responses.map(({ packet }) => packet.src))).toEqual([
      ["10.9.0.80"],
      ["10.9.0.81"],
      ["10.9.0.82"],
    ]);
    expect(rounds.map(icmp)).toEqual([["11/0"], ["3/0"], ["3/3"]]);
  });

  it("TTL comes before MTU, MTU before FORWARD; TTL 1 and 0 are delivered here (I3)", async () => {
    const drop = table("filter", ["-A FORWARD -j DROP"]);
    const long = { ...UDP, dst: "10.9.0.5", df: true, length: 800 };
    const rounds = await liberal.agree(drop, [{ ...long, ttl: 1 }, long]);
    expect(rounds.map(icmp)).toEqual([["11/0"], ["3/4"]]);
    const local = await lab.agree(
      drop,
      [1, 0].map((ttl) => ({ ...ECHO, dst: "10.0.0.1", ttl })),
    );
    expect(local.map(outcome)).toEqual(["delivered", "delivered"]);
  });

  it("REJECT answers neither resets nor errors, but echo requests; in OUTPUT its error has to pass OUTPUT itself (I5)", async () => {
    const reset = table("filter", ["-A FORWARD -p tcp -j REJECT --reject-with tcp-reset", "-A FORWARD -j REJECT"]);
    const rounds = await lab.agree(reset, [TCP, { ...TCP, flags: "A" }, { ...TCP, flags: "R" }, ECHO, error(3)]);
    expect(rounds.map(({ kernel }) => kernel.responses.map(({ packet }) => packet.flags || "error"))).toEqual([
      ["RA"],
      ["R"],
      [],
      ["error"],
      [],
    ]);
    const own: ProbePacket = { host: "R", dst: "10.0.1.2", proto: "udp", sport: 4000, dport: 80, length: 20 };
    const [blanket] = await lab.agree(table("filter", ["-A OUTPUT -j REJECT"]), [own]);
    const [narrow] = await lab.agree(table("filter", ["-A OUTPUT -p udp -j REJECT"]), [own]);
    expect([blanket?.kernel.errno, narrow?.kernel.errno]).toEqual(["EPERM", "EPERM"]);
    expect([blanket, narrow].map((round) => (round === undefined ? [] : icmp(round)))).toEqual([[], ["3/3"]]);
  });

  it("loose rp_filter drops only what no route leads back to; raw, mangle and nat have run before (F1)", async () => {
    const text = [
      table("raw", []),
      table("mangle", []),
      table("nat", ["-A PREROUTING -d 10.99.0.1 -j DNAT --to-destination 10.0.1.2"]),
    ].join("");
    const rounds = await liberal.agree(text, [
      { ...UDP, src: "10.0.2.77" },
      { ...UDP, src: "172.31.0.9" },
    ]);
    expect(rounds.map(fate)).toEqual(["delivered", "IP_RPFILTER"]);
    expect(rounds[1]?.kernel.rules.map((rule) => rule.table)).toEqual(["raw", "mangle", "nat"]);
  });

  it("0.0.0.0 is no source, 127/8 no destination; broadcasts of any own subnet are taken (F2)", async () => {
    const rounds = await lab.agree(table("filter", []), [
      { ...UDP, src: "0.0.0.0" },
      { ...UDP, dst: "127.0.0.9" },
      { ...UDP, dst: "10.0.1.255" },
      { ...UDP, dst: "10.0.2.255" },
    ]);
    expect(rounds.map(fate)).toEqual(["IP_INVALID_SOURCE", "IP_LOCALNET", "delivered", "delivered"]);
  });

  it("a mark set in nat PREROUTING routes the first packet that way, and no other (P1)", async () => {
    const text = [
      table("nat", ["-A PREROUTING -j MARK --set-mark 1"]),
      table("filter", ["-A FORWARD -m conntrack --ctstate NEW"]),
    ].join("");
    const packet = { ...UDP, dst: "10.8.0.1" };
    const rounds = await liberal.agree(text, [packet, { ...packet, ...LATER }]);
    expect(rounds.map(({ kernel }) => kernel.delivered?.host ?? kernel.reason)).toEqual(["C", "IP_INNOROUTES"]);
  });

  it("nft refuses a rule for no address at all, which legacy takes (C7)", async () => {
    const text = table("filter", ["-A FORWARD ! -s 0.0.0.0/0 -j DROP"]);
    const [round] = await lab.agree(text, [UDP]);
    expect(round?.kernel.outcome).toBe("delivered");
    await expect(nft.oracle.load({ host: "R", family: 4, backend: "nft", text })).rejects.toThrow();
  });

  it("a device without an address masquerades with another one's (N1), and redirects nowhere (N3)", async () => {
    const nat = table("nat", ["-A POSTROUTING -o out1 -j MASQUERADE", "-A PREROUTING -i out1 -j REDIRECT"]);
    const [out, back] = await bare.agree(nat, [
      { ...UDP, dst: "10.0.2.2" },
      { ...UDP, interface: "out1", src: "10.0.2.2", dst: "10.0.1.2" },
    ]);
    expect(out?.kernel.delivered?.packet.src).toBe("10.0.0.1");
    expect(back?.kernel.reason).toBe("NETFILTER_DROP");
  });

  it("a packet that is translated to its sender arrives there if it is masqueraded (N6)", async () => {
    const nat = table("nat", [
      "-A PREROUTING -d 10.9.0.80 -j DNAT --to-destination 10.0.0.2",
      "-A POSTROUTING -o in0 -j MASQUERADE",
    ]);
    const [round] = await lab.agree(nat, [{ ...UDP, dst: "10.9.0.80" }]);
    expect(round?.kernel.delivered).toMatchObject({ host: "A", packet: { src: "10.0.0.1", dst: "10.0.0.2" } });
  });
});
