import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { Lab } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { type RouterOptions, routerLab } from "../harness/router-lab.ts";

const available = await kernelAvailable();

/** A packet that A sends through R to B. */
const THROUGH: ProbePacket = {
  host: "R",
  interface: "in0",
  src: "10.0.0.2",
  dst: "10.0.1.2",
  proto: "tcp",
  sport: 4000,
  dport: 80,
  flags: "S",
  seq: 1000,
};

const ECHO: ProbePacket = { ...THROUGH, proto: "icmp", icmpType: 8, icmpId: 7 };

function rules(text: string, backend: "legacy" | "nft" = "legacy"): RouterOptions {
  return { router: { rulesets: [{ backend, text }] } };
}

function filter(...lines: readonly string[]): string {
  return ["*filter", ":INPUT ACCEPT", ":FORWARD ACCEPT", ":OUTPUT ACCEPT", ...lines, "COMMIT", ""].join("\n");
}

function nat(...lines: readonly string[]): string {
  return [
    "*nat",
    ":PREROUTING ACCEPT",
    ":INPUT ACCEPT",
    ":OUTPUT ACCEPT",
    ":POSTROUTING ACCEPT",
    ...lines,
    "COMMIT",
    "",
  ].join("\n");
}

/**
 * Facts about one router, each sent through the kernel and through podpath: `agree` compares outcome, place, path,
 * matched rules, drop reason, answers and errno, and fails on any difference. What a test says beside is what the
 * kernel did, so that a change of kernel shows.
 */
describe.skipIf(!available)("a router, as the kernel does it", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  async function ask(options: RouterOptions, ...packets: readonly ProbePacket[]): Promise<readonly Round[]> {
    return askLab(routerLab(options), ...packets);
  }

  async function askLab(lab: Lab, ...packets: readonly ProbePacket[]): Promise<readonly Round[]> {
    const duel = await Duel.of(oracle, lab, ["A", "B", "C"]);
    const rounds: Round[] = [];
    for (const packet of packets) rounds.push(await duel.agree(packet));
    return rounds;
  }

  for (const backend of ["legacy", "nft"] as const) {
    describe(`with the ${backend} backend`, () => {
      it("goes on after the -j that entered the chain which a goto left (C1)", async () => {
        const [round] = await ask(
          rules(
            filter(
              ":a -",
              ":b -",
              "-A FORWARD -j a",
              "-A FORWARD -p tcp -j DROP",
              "-A a -g b",
              "-A a -j ACCEPT",
              "-A b -s 1.2.3.4 -j ACCEPT",
            ),
            backend,
          ),
          THROUGH,
        );
        expect(round?.kernel.outcome).toBe("dropped");
      });

      it("falls to the policy after a goto from a built-in chain (C2) and after RETURN in one (C4)", async () => {
        const [gone] = await ask(
          rules(filter(":b -", "-A FORWARD -g b", "-A FORWARD -j DROP", "-A b -s 1.2.3.4 -j DROP"), backend),
          THROUGH,
        );
        expect(gone?.kernel.outcome).toBe("delivered");
        const [returned] = await ask(rules(filter("-A FORWARD -j RETURN", "-A FORWARD -j DROP"), backend), THROUGH);
        expect(returned?.kernel.outcome).toBe("delivered");
      });

      it("shows FORWARD rules a TTL that is decremented already (H6)", async () => {
        const [round] = await ask(rules(filter("-A FORWARD -m ttl --ttl-eq 63 -j DROP"), backend), {
          ...THROUGH,
          ttl: 64,
        });
        expect(round?.kernel.outcome).toBe("dropped");
      });

      it("answers a DNATed connection from the original destination when it rejects it (N4)", async () => {
        const text =
          nat("-A PREROUTING -d 10.7.7.7 -p tcp -j DNAT --to-destination 10.0.1.2:8080") +
          filter("-A FORWARD -p tcp -j REJECT");
        const [round] = await ask(rules(text, backend), { ...THROUGH, dst: "10.7.7.7" });
        expect(round?.kernel.responses[0]?.packet.src).toBe("10.7.7.7");
        expect(round?.kernel.responses[0]?.packet.inner?.dst).toBe("10.7.7.7");
      });

      it("translates the reply back by the connection, not by rules (H4)", async () => {
        const text = nat("-A POSTROUTING -o out0 -j SNAT --to-source 10.0.1.1") + filter();
        const duel = await Duel.of(oracle, routerLab(rules(text, backend)), ["A", "B", "C"]);
        await duel.agree({ ...THROUGH, id: "syn" });
        const reply = await duel.agree({ replyTo: "syn", id: "synack" });
        expect(reply.kernel.delivered?.host).toBe("A");
      });
    });
  }

  it("does not run nat chains while no rule needs conntrack (K1)", async () => {
    const [round] = await ask(rules(nat("-A PREROUTING -p tcp -j LOG")), THROUGH);
    expect(round?.kernel.rules.filter((rule) => rule.table === "nat")).toEqual([]);
  });

  it("makes no entry for a packet that FORWARD drops (K2): the next one is NEW again", async () => {
    const text = filter("-A FORWARD -m conntrack --ctstate NEW -j DROP");
    const duel = await Duel.of(oracle, routerLab(rules(text)), ["A", "B", "C"]);
    await duel.agree(THROUGH);
    const again = await duel.agree({ ...THROUGH, fresh: false });
    expect(again.kernel.outcome).toBe("dropped");
  });

  it("takes these first segments for NEW and those for INVALID (K3)", async () => {
    const text = filter("-A FORWARD -m conntrack --ctstate INVALID -j DROP");
    for (const [flags, outcome] of [
      ["S", "delivered"],
      ["A", "delivered"],
      ["PA", "delivered"],
      ["SA", "dropped"],
      ["R", "dropped"],
      ["RA", "dropped"],
      ["F", "dropped"],
      ["FA", "dropped"],
      ["", "dropped"],
      ["SF", "dropped"],
      ["FPU", "dropped"],
    ] as const) {
      const [round] = await ask(rules(text), { ...THROUGH, flags });
      expect(round?.kernel.outcome, flags).toBe(outcome);
    }
  });

  it("names what each kind of route does to a forwarded packet (I1)", async () => {
    const [blackhole] = await ask({}, { ...ECHO, dst: "10.1.0.5" });
    expect(blackhole?.kernel.responses).toEqual([]);
    const codes = [];
    for (const dst of ["10.1.1.5", "10.1.2.5", "10.1.3.5", "172.31.0.1"]) {
      const [round] = await ask({}, { ...ECHO, dst });
      codes.push(round?.kernel.responses[0]?.packet.icmpCode);
    }
    expect(codes).toEqual([1, 13, 0, 0]);
  });

  it("gives a local sender the errno of the route (I1)", async () => {
    const errnos = [];
    for (const dst of ["10.1.0.5", "10.1.1.5", "10.1.2.5", "172.31.0.1"]) {
      const [round] = await ask({}, { host: "R", dst, proto: "icmp", icmpType: 8 });
      errnos.push(round?.kernel.errno);
    }
    expect(errnos).toEqual(["EINVAL", "EHOSTUNREACH", "EACCES", "ENETUNREACH"]);
  });

  it("reports a missing route before an expired TTL (I2), and an expired TTL before any FORWARD rule (I3)", async () => {
    const [noRoute] = await ask({}, { ...ECHO, dst: "172.31.0.1", ttl: 1 });
    expect(noRoute?.kernel.responses[0]?.packet.icmpType).toBe(3);
    const [expired] = await ask(rules(filter("-A FORWARD -j DROP")), { ...ECHO, ttl: 1 });
    expect(expired?.kernel.responses[0]?.packet.icmpType).toBe(11);
  });

  it("drops by rp_filter after all PREROUTING chains; the greater of `all` and the interface counts (F1)", async () => {
    const strict = { "net.ipv4.conf.all.rp_filter": "1", "net.ipv4.conf.in0.rp_filter": "0" };
    const [dropped] = await ask({ router: { sysctls: strict } }, { ...ECHO, src: "10.0.2.77" });
    expect(dropped?.kernel.reason).toBe("IP_RPFILTER");
    const loose = { "net.ipv4.conf.all.rp_filter": "1", "net.ipv4.conf.in0.rp_filter": "2" };
    const [passed] = await ask({ router: { sysctls: loose } }, { ...ECHO, src: "10.0.2.77" });
    expect(passed?.kernel.outcome).toBe("delivered");
  });

  it("refuses its own address, broadcasts and loopback addresses as a source from the wire (F2)", async () => {
    const reasons = [];
    for (const src of ["10.0.0.1", "255.255.255.255", "224.0.0.5", "127.0.0.5"]) {
      const [round] = await ask({}, { ...ECHO, src });
      reasons.push(round?.kernel.reason);
    }
    expect(reasons).toEqual(["IP_LOCAL_SOURCE", "IP_INVALID_SOURCE", "IP_INVALID_SOURCE", "IP_LOCALNET"]);
  });

  it("selects the table by a mark of PREROUTING and not by one of FORWARD (P1)", async () => {
    const rule = ["pref 100 fwmark 1 lookup 100"];
    const mangle = (chain: string): string =>
      [
        "*mangle",
        ":PREROUTING ACCEPT",
        ":INPUT ACCEPT",
        ":FORWARD ACCEPT",
        ":OUTPUT ACCEPT",
        ":POSTROUTING ACCEPT",
        `-A ${chain} -j MARK --set-mark 1`,
        "COMMIT",
        "",
      ].join("\n");
    const [routed] = await ask(
      { router: { rules: rule, rulesets: [{ text: mangle("PREROUTING") }] } },
      { ...ECHO, dst: "10.8.0.1" },
    );
    expect(routed?.kernel.delivered?.host).toBe("C");
    const [late] = await ask(
      { router: { rules: rule, rulesets: [{ text: mangle("FORWARD") }] } },
      { ...ECHO, dst: "10.8.0.1" },
    );
    expect(late?.kernel.responses[0]?.packet.icmpType).toBe(3);
  });

  it("ignores a route that leads over a device of the group, as dumps tell the groups (suppress_ifgroup)", async () => {
    const [suppressed] = await ask(
      { router: { rules: ["pref 100 lookup 100 suppress_ifgroup default"] } },
      { ...ECHO, dst: "10.8.0.1" },
    );
    expect(suppressed?.kernel.responses[0]?.packet.icmpType).toBe(3);
    expect(suppressed?.branches).toHaveLength(1);
    const [used] = await ask(
      { router: { rules: ["pref 100 lookup 100 suppress_ifgroup 7"] } },
      { ...ECHO, dst: "10.8.0.1" },
    );
    expect(used?.kernel.delivered?.host).toBe("C");
    expect(used?.branches).toHaveLength(1);
  });

  it("stops forwarding where the incoming interface's own switch is off, silently (kernel.md 1 (c))", async () => {
    const [round] = await ask({ router: { sysctls: { "net.ipv4.conf.in0.forwarding": "0" } } }, ECHO);
    expect(round?.kernel.reason).toBe("IP_INADDRERRORS");
    expect(round?.kernel.responses).toEqual([]);
  });

  it("answers REJECT with these codes, and a reset with the original destination as its source (I5)", async () => {
    for (const [name, code] of [
      ["icmp-net-unreachable", 0],
      ["icmp-host-unreachable", 1],
      ["icmp-proto-unreachable", 2],
      ["icmp-port-unreachable", 3],
      ["icmp-net-prohibited", 9],
      ["icmp-host-prohibited", 10],
      ["icmp-admin-prohibited", 13],
    ] as const) {
      const [round] = await ask(rules(filter(`-A FORWARD -j REJECT --reject-with ${name}`)), THROUGH);
      expect(round?.kernel.responses[0]?.packet.icmpCode, name).toBe(code);
    }
    const [reset] = await ask(rules(filter("-A FORWARD -p tcp -j REJECT --reject-with tcp-reset")), THROUGH);
    expect(reset?.kernel.responses[0]?.packet.src).toBe("10.0.1.2");
  });

  it("asks both backends at a hook: each has to accept", async () => {
    const two = {
      router: {
        rulesets: [
          { backend: "legacy" as const, text: filter("-A FORWARD -j ACCEPT") },
          { backend: "nft" as const, text: filter("-A FORWARD -p tcp -j DROP") },
        ],
      },
    };
    const [round] = await ask(two, THROUGH);
    expect(round?.kernel.outcome).toBe("dropped");
  });
});
