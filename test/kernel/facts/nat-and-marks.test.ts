import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { LabHost } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { ROUTER_ROUTES, type RouterOptions, routerLab } from "../harness/router-lab.ts";

const available = await kernelAvailable();

const CHAINS: Readonly<Record<string, readonly string[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
};

function table(name: string, ...rules: readonly string[]): string {
  const chains = (CHAINS[name] ?? []).map((chain) => `:${chain} ACCEPT [0:0]`);
  return [`*${name}`, ...chains, ...rules, "COMMIT", ""].join("\n");
}

/** Every table, so that the order of all chains shows. */
function everything(...natRules: readonly string[]): string {
  return ["raw", "mangle", "filter"].map((name) => table(name)).join("") + table("nat", ...natRules);
}

function router(text: string, more: Partial<LabHost> = {}): RouterOptions {
  return { router: { rulesets: [{ text }], ...more } };
}

const FROM_A: ProbePacket = {
  host: "R",
  interface: "in0",
  src: "10.0.0.2",
  dst: "10.0.1.2",
  proto: "udp",
  sport: 4000,
  dport: 80,
};

describe.skipIf(!available)("NAT, marks and local packets on the kernel and in podpath", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const duel = (options: RouterOptions, mute: readonly string[] = ["A", "B", "C"]): Promise<Duel> =>
    Duel.of(oracle, routerLab(options), mute);

  const chainsOf = (rules: readonly { readonly table: string; readonly chain: string }[]): readonly string[] =>
    rules.map((rule) => `${rule.table} ${rule.chain}`);

  it("crosses the chains of a delivered packet in this order, nat INPUT last (H2)", async () => {
    const lab = await duel(router(everything("-A PREROUTING -d 10.99.0.1 -j DNAT --to-destination 10.0.1.2")));
    const { kernel } = await lab.agree({ ...FROM_A, dst: "10.0.0.1" });
    expect(chainsOf(kernel.rules)).toEqual([
      "raw PREROUTING",
      "mangle PREROUTING",
      "nat PREROUTING",
      "mangle INPUT",
      "filter INPUT",
      "nat INPUT",
    ]);
  });

  it("crosses the chains of a sent packet in this order (H3)", async () => {
    const lab = await duel(router(everything("-A PREROUTING -d 10.99.0.1 -j DNAT --to-destination 10.0.1.2")));
    const { kernel } = await lab.agree({ host: "R", dst: "10.0.1.2", proto: "udp", sport: 1, dport: 2 });
    expect(chainsOf(kernel.rules)).toEqual([
      "raw OUTPUT",
      "mangle OUTPUT",
      "nat OUTPUT",
      "filter OUTPUT",
      "mangle POSTROUTING",
      "nat POSTROUTING",
    ]);
  });

  it("does not ask nat PREROUTING and nat INPUT again for what came over lo; the mark survives (H5)", async () => {
    const text =
      table("mangle", "-A OUTPUT -j MARK --set-mark 0x7") +
      table("filter", "-A INPUT -m mark --mark 0x7 -j ACCEPT") +
      table("nat", "-A POSTROUTING -d 10.99.0.1 -j MASQUERADE");
    const lab = await duel(router(text));
    const { kernel } = await lab.agree({ host: "R", dst: "10.0.1.1", proto: "udp", sport: 1, dport: 2 });
    expect(chainsOf(kernel.rules).filter((chain) => chain.startsWith("nat"))).toEqual([
      "nat OUTPUT",
      "nat POSTROUTING",
    ]);
    expect(kernel.rules.find(({ chain, table: name }) => name === "filter" && chain === "INPUT")?.index).toBe(1);
  });

  it("takes the first terminating target of a nat chain and goes on after MARK (C5)", async () => {
    const lab = await duel(
      router(
        table(
          "nat",
          "-A PREROUTING -j MARK --set-mark 0x1",
          "-A PREROUTING -j DNAT --to-destination 10.0.2.2",
          "-A PREROUTING -j DNAT --to-destination 10.9.1.1",
        ),
      ),
    );
    const { kernel } = await lab.agree({ ...FROM_A, dst: "10.99.0.1" });
    expect(kernel.delivered?.packet.dst).toBe("10.0.2.2");
  });

  it("counts evaluations for nth, and five packets for a limit without a burst (C6)", async () => {
    const lab = await duel(
      router(
        table(
          "filter",
          "-A FORWARD -m statistic --mode nth --every 3 --packet 0 -j ACCEPT",
          "-A FORWARD -m limit --limit 1/hour -j ACCEPT",
          "-A FORWARD -j DROP",
        ),
      ),
    );
    const seen: (number | null | undefined)[] = [];
    for (let index = 0; index < 10; index++) {
      const { kernel } = await lab.agree({ ...FROM_A, fresh: index === 0 });
      seen.push(kernel.rules.at(-1)?.index);
    }
    expect(seen).toEqual([1, 2, 2, 1, 2, 2, 1, 2, 3, 1]);
  });

  it("forwards invalid and untracked packets without any NAT (K5)", async () => {
    const text = table("raw", "-A PREROUTING -p udp -j CT --notrack") + table("nat", "-A POSTROUTING -j MASQUERADE");
    const lab = await duel(router(text));
    expect((await lab.agree(FROM_A)).kernel.delivered?.packet.src).toBe("10.0.0.2");
    const invalid = await lab.agree({ ...FROM_A, proto: "tcp", flags: "SA" });
    expect(invalid.kernel.delivered?.packet.src).toBe("10.0.0.2");
  });

  it("masquerades with the address in the next hop's subnet, whatever the route's src says (N1)", async () => {
    const lab = await duel(
      router(table("nat", "-A POSTROUTING -j MASQUERADE"), {
        interfaces: [
          { name: "in0", addresses: ["10.0.0.1/24"] },
          { name: "out0", addresses: ["10.7.0.1/24", "10.0.1.1/24"] },
          { name: "out1", addresses: ["10.0.2.1/24"] },
        ],
        routes: ["10.9.0.0/16 via 10.0.1.2 src 10.7.0.1"],
      }),
    );
    expect((await lab.agree({ ...FROM_A, dst: "10.9.1.1" })).kernel.delivered?.packet.src).toBe("10.0.1.1");
  });

  it("keeps the source port while it is free, and draws another one when it is taken (N2)", async () => {
    const lab = await duel(router(table("nat", "-A POSTROUTING -j SNAT --to-source 10.0.1.1")));
    expect((await lab.agree(FROM_A)).kernel.delivered?.packet.sport).toBe(4000);
    const second = await lab.agree({ ...FROM_A, src: "10.0.0.200", fresh: false });
    expect(second.kernel.delivered?.packet.sport).not.toBe(4000);
  });

  it("redirects to the incoming interface's address, locally to 127.0.0.1 (N3)", async () => {
    const lab = await duel(router(table("nat", "-A PREROUTING -j REDIRECT", "-A OUTPUT -j REDIRECT")));
    expect((await lab.agree(FROM_A)).kernel.delivered?.packet.dst).toBe("10.0.0.1");
    const local = await lab.agree({ host: "R", dst: "10.0.1.2", proto: "udp", sport: 1, dport: 2 });
    expect(local.kernel.delivered?.packet.dst).toBe("127.0.0.1");
  });

  it("takes an error from further on for RELATED and translates it back, inside and outside (N5)", async () => {
    const lab = await duel(
      router(
        table("nat", "-A PREROUTING -d 10.99.0.1 -j DNAT --to-destination 10.0.1.2", "-A POSTROUTING -j MASQUERADE") +
          table("filter", "-A FORWARD -m conntrack --ctstate RELATED -j ACCEPT"),
      ),
      ["A", "C"],
    );
    const { kernel } = await lab.agree({ ...FROM_A, dst: "10.99.0.1" });
    const [error] = kernel.responses;
    expect(error).toMatchObject({
      host: "B",
      deliveredTo: "A",
      rules: expect.arrayContaining([expect.objectContaining({ chain: "FORWARD", index: 1 })]),
    });
    expect(error?.hops.at(-1)?.packet).toMatchObject({
      src: "10.99.0.1",
      dst: "10.0.0.2",
      inner: { src: "10.0.0.2", dst: "10.99.0.1", sport: 4000 },
    });
  });

  it("loses a packet that is translated back to its own sender (N6)", async () => {
    const lab = await duel(router(table("nat", "-A PREROUTING -d 10.99.0.1 -j DNAT --to-destination 10.0.0.2")));
    const { kernel } = await lab.agree({ ...FROM_A, dst: "10.99.0.1" });
    expect(kernel).toMatchObject({ outcome: "dropped", host: "A", reason: "IP_LOCAL_SOURCE" });
  });

  it("delivers what is translated to a local address without ip_forward; not to 127.0.0.1 (N7)", async () => {
    const text = table(
      "nat",
      "-A PREROUTING -d 10.99.0.1 -j DNAT --to-destination 10.0.1.1",
      "-A PREROUTING -d 10.99.0.2 -j DNAT --to-destination 127.0.0.1",
    );
    const closed = await duel(router(text, { sysctls: { "net.ipv4.ip_forward": "0" } }));
    expect((await closed.agree({ ...FROM_A, dst: "10.99.0.1" })).kernel.outcome).toBe("delivered");
    expect((await closed.agree({ ...FROM_A, dst: "10.99.0.2" })).kernel.reason).toBe("IP_LOCALNET");
    const open = await duel(
      router(text, { sysctls: { "net.ipv4.ip_forward": "0", "net.ipv4.conf.in0.route_localnet": "1" } }),
    );
    expect((await open.agree({ ...FROM_A, dst: "10.99.0.2" })).kernel.outcome).toBe("delivered");
  });

  it("refuses to send to an address without a route before OUTPUT could translate it (N8)", async () => {
    const lab = await duel(
      router(
        table(
          "nat",
          "-A OUTPUT -d 10.99.0.1 -j DNAT --to-destination 10.0.2.2",
          "-A OUTPUT -d 10.0.1.2 -j DNAT --to-destination 10.0.2.2",
        ),
      ),
    );
    expect((await lab.agree({ host: "R", dst: "10.99.0.1", proto: "udp", sport: 1, dport: 1 })).kernel.errno).toBe(
      "ENETUNREACH",
    );
    const routed = await lab.agree({ host: "R", dst: "10.0.1.2", proto: "udp", sport: 1, dport: 1 });
    expect(routed.kernel.hops[0]).toMatchObject({ interface: "out1" });
  });

  it("shows the application the source that nat INPUT chose (N9)", async () => {
    const lab = await duel(router(table("nat", "-A INPUT -p udp -j SNAT --to-source 10.77.0.9")));
    expect((await lab.agree({ ...FROM_A, dst: "10.0.0.1" })).kernel.delivered?.packet.src).toBe("10.77.0.9");
  });

  it("routes again after mangle OUTPUT only, and only when the mark changed there (P2)", async () => {
    const more = {
      routes: [...ROUTER_ROUTES, "10.0.1.0/24 via 10.0.2.2 table 100"],
      rules: ["fwmark 1 pref 100 table 100"],
    };
    const send: ProbePacket = { host: "R", src: "10.0.1.1", dst: "10.0.1.2", proto: "udp", sport: 1, dport: 2 };
    const deviceOf = async (text: string, packet: ProbePacket): Promise<string | null> =>
      (await (await duel(router(text, more))).agree(packet)).kernel.hops[0]?.interface ?? null;
    expect(await deviceOf(table("mangle", "-A OUTPUT -j MARK --set-mark 0x1"), send)).toBe("out1");
    expect(await deviceOf(table("filter", "-A OUTPUT -j MARK --set-mark 0x1"), send)).toBe("out0");
    expect(await deviceOf(table("raw", "-A OUTPUT -j MARK --set-mark 0x1"), send)).toBe("out0");
    expect(
      await deviceOf(
        table("raw", "-A OUTPUT -j MARK --set-mark 0x1") + table("mangle", "-A OUTPUT -j MARK --set-mark 0x1"),
        send,
      ),
    ).toBe("out0");
    expect(await deviceOf(table("filter"), { ...send, mark: 1 })).toBe("out1");
  });

  it("tells a neighbour of a shorter way and forwards all the same (I6)", async () => {
    const lab = await duel({ redirects: true, router: { routes: ["10.9.0.0/16 via 10.0.0.2"] } });
    const { kernel } = await lab.agree({ ...FROM_A, src: "10.0.0.200", dst: "10.9.1.1" });
    expect(kernel.responses).toMatchObject([{ kind: "icmp", packet: { icmpType: 5, icmpCode: 1, src: "10.0.0.1" } }]);
    expect(kernel.hops.map(({ interface: name, direction }) => `${name} ${direction}`).slice(0, 2)).toEqual([
      "in0 in",
      "in0 out",
    ]);
  });
});
