import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatAddress } from "../../../src/net/address.ts";
import { readAddresses } from "../../../src/readers/ip/address.ts";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { networkOf } from "../harness/lab.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { muted, withHost } from "../harness/podpath-network.ts";
import { type RouterOptions, routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

const FAR = ["A", "B", "C"];

/** Switches of the kernel that no other test turns: each value, by the packets that go another way for it. */
describe.skipIf(!available)("sysctls", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const duel4 = (options: RouterOptions, conntrack = false): Promise<Duel> =>
    Duel.of(oracle, routerLab(options), FAR, conntrack);
  const duel6 = (options: RouterOptions, conntrack = false): Promise<Duel> =>
    Duel.of(oracle, routerLab6(options), FAR, conntrack);
  const udp: ProbePacket = {
    host: "R",
    interface: "in0",
    src: "10.0.0.2",
    dst: "10.0.1.2",
    proto: "udp",
    sport: 4000,
    dport: 80,
  };
  const udp6: ProbePacket = { ...udp, src: "fd00:a::2", dst: "fd00:b::2" };

  it.each(["0", "1"])(
    "bc_forwarding %s: directed broadcasts are forwarded where `all` and the interface say so",
    async (value) => {
      for (const device of ["all", "in0"]) {
        const sysctls = {
          "net.ipv4.conf.all.bc_forwarding": "1",
          "net.ipv4.conf.in0.bc_forwarding": "1",
          [`net.ipv4.conf.${device}.bc_forwarding`]: value,
        };
        const duel = await duel4({ router: { sysctls } });
        for (const dst of ["10.0.1.255", "10.0.0.255", "10.0.1.0", "255.255.255.255"])
          await duel.agree({ ...udp, dst });
      }
    },
  );

  it.each(["64", "1", "255", "37"])("ip_default_ttl %s: what the host's own answers start with", async (value) => {
    const text = table("filter", [
      "-A FORWARD -p tcp -j REJECT --reject-with tcp-reset",
      "-A FORWARD -p udp -m udp --dport 80 -j REJECT",
    ]);
    const duel = await duel4({ router: { sysctls: { "net.ipv4.ip_default_ttl": value }, rulesets: [{ text }] } });
    await duel.agree(udp);
    await duel.agree({ ...udp, proto: "tcp", flags: "S" });
    await duel.agree({ ...udp, dst: "10.0.0.1" });
    await duel.agree({ ...udp, dst: "10.0.0.1", proto: "tcp", flags: "S" });
    await duel.agree({ ...udp, dst: "10.0.0.1", proto: "icmp" });
  });

  it.each(["0", "1"])(
    "tcp_fwmark_accept %s: what a server answers has the mark of the SYN, and is routed by it",
    async (value) => {
      const text = table("mangle", ["-A PREROUTING -p tcp -j MARK --set-mark 7", "-A OUTPUT -m mark --mark 7"]);
      const router = { listen: ["tcp/80"], sysctls: { "net.ipv4.tcp_fwmark_accept": value } };
      const on4 = await duel4({
        router: {
          ...router,
          rulesets: [{ text }],
          rules: ["pref 100 fwmark 7 iif lo table 100"],
          routes: ["default via 10.0.2.2 mtu 1300 table 100"],
        },
      });
      const syn: ProbePacket = { ...udp, proto: "tcp", flags: "S", length: 0 };
      const found4 = await on4.agree({ ...syn, dst: "10.0.0.1" });
      const on6 = await duel6({
        router: {
          ...router,
          rulesets: [{ family: 6, text }],
          rules: ["-6 pref 100 fwmark 7 iif lo table 100"],
          routes: ["-6 default via fd00:c::2 mtu 1300 table 100"],
        },
      });
      const found6 = await on6.agree({ ...syn, src: "fd00:a::2", dst: "fd00:a::1" });
      for (const { kernel } of [found4, found6]) {
        expect(kernel.responses[0]?.hops[0]?.interface).toBe(value === "1" ? "out1" : "in0");
      }
    },
  );

  it.each(["64", "1", "255", "37"])("net.ipv6 hop_limit %s", async (value) => {
    const text = table("filter", [
      "-A FORWARD -p tcp -j REJECT --reject-with tcp-reset",
      "-A FORWARD -p udp -m udp --dport 80 -j REJECT",
    ]);
    const sysctls = Object.fromEntries(
      ["all", "default", "in0", "out0", "out1"].map((name) => [`net.ipv6.conf.${name}.hop_limit`, value]),
    );
    const duel = await duel6({ router: { sysctls, rulesets: [{ family: 6, text }] } });
    await duel.agree(udp6);
    await duel.agree({ ...udp6, proto: "tcp", flags: "S" });
    await duel.agree({ ...udp6, dst: "fd00:a::1" });
    await duel.agree({ ...udp6, dst: "fd00:a::1", proto: "icmpv6" });
  });

  it("net.ipv6 hop_limit of all: what has no device starts with it, and nothing that has one", async () => {
    const text = table("filter", [
      "-A FORWARD -p tcp -j REJECT --reject-with tcp-reset",
      "-A INPUT -p tcp -j REJECT --reject-with tcp-reset",
      "-A OUTPUT -p tcp -m tcp --dport 81 -j REJECT --reject-with tcp-reset",
      "-A OUTPUT -p udp -m udp --dport 81 -j REJECT",
    ]);
    for (const sysctls of [
      { "net.ipv6.conf.all.hop_limit": "37" },
      { "net.ipv6.conf.all.hop_limit": "37", "net.ipv6.conf.in0.hop_limit": "38", "net.ipv6.conf.lo.hop_limit": "39" },
    ]) {
      const duel = await duel6({ router: { sysctls, rulesets: [{ family: 6, text }] } });
      const local: ProbePacket = { host: "R", src: "fd00:a::1", dst: "fd00:a::2", sport: 4000, dport: 81 };
      for (const proto of ["udp", "tcp"]) {
        const flags = proto === "tcp" ? { flags: "S" } : {};
        await duel.agree({ ...udp6, proto, ...flags });
        await duel.agree({ ...udp6, proto, ...flags, dst: "fd00:a::1" });
        await duel.agree({ ...udp6, proto, ...flags, dst: "fd00:b::1", ttl: 1 });
        await duel.agree({ ...local, proto, ...flags });
        await duel.agree({ ...local, proto, ...flags, dst: "fd00:b::1" });
      }
      await duel.agree({ ...udp6, dst: "fd00:a::1", proto: "icmpv6" });
    }
  });

  it("use_tempaddr: with 2 a temporary address of the device is the source, else a public one", async () => {
    const lab = routerLab6({ router: { sysctls: { "net.ipv6.conf.out0.use_tempaddr": "2" } } });
    const plain = networkOf(lab);
    const duel = await Duel.of(oracle, lab, FAR);
    // The kernel makes a temporary address of every one that is `mngtmpaddr`, at random.
    await oracle.commands("R", [
      "sysctl -qw net.ipv6.conf.out0.dad_transmits=0",
      "ip addr add fd00:b::99/64 dev out0 mngtmpaddr nodad",
    ]);
    const shown = async (): Promise<string> =>
      (await oracle.exec("R", ["ip", "-6", "addr", "show", "dev", "out0"])).stdout;
    // Duplicate address detection, though it asks nobody, is a work of its own.
    await expect.poll(shown, { timeout: 20_000 }).not.toContain("tentative");
    const made = readAddresses(await shown(), "addr", plain.origins);
    const addresses = made.interfaces.find(({ name }) => name === "out0")?.addresses ?? [];
    expect(addresses.filter(({ secondary }) => secondary)).toHaveLength(1);
    const host = plain.hosts.get("R");
    const device = host?.interfaces.get("out0");
    if (host === undefined || device === undefined) throw new Error("no out0");
    for (const value of ["0", "1", "2"]) {
      await oracle.commands("R", [`sysctl -qw net.ipv6.conf.out0.use_tempaddr=${value}`]);
      const changed = withHost(plain, "R", {
        interfaces: new Map(host.interfaces).set("out0", { ...device, addresses }),
        sysctls: new Map(host.sysctls).set("net.ipv6.conf.out0.use_tempaddr", value),
      });
      duel.use(muted(changed, FAR));
      const { kernel } = await duel.agree({ host: "R", dst: "fd00:b::2", proto: "udp", sport: 1, dport: 2 });
      const source = kernel.hops[0]?.packet.src;
      const isTemporary = addresses.some((item) => item.secondary && formatAddress(item.address) === source);
      expect(isTemporary).toBe(value === "2");
      await duel.agree({ host: "R", dst: "fd00:c::2", proto: "udp", sport: 1, dport: 2 });
      await duel.agree({ host: "R", dst: "fd00:9::1", proto: "udp", sport: 1, dport: 2 });
    }
  });

  it.each(["in0", "out0"])("disable_ipv6 on %s", async (device) => {
    const lab = routerLab6({
      staticNeighbours: false,
      router: { routes: [], neighbours: [], sysctls: { [`net.ipv6.conf.${device}.disable_ipv6`]: "1" } },
    });
    const hosts = lab.hosts.map((host) =>
      host.name === "R"
        ? {
            ...host,
            interfaces: host.interfaces.map((item) => (item.name === device ? { ...item, addresses: [] } : item)),
          }
        : host,
    );
    const duel = await Duel.of(oracle, { ...lab, hosts }, FAR);
    await duel.agree(udp6);
    await duel.agree({ ...udp6, dst: "fd00:a::1", proto: "icmpv6" });
    await duel.agree({ ...udp6, dst: "ff02::1", proto: "icmpv6" });
    await duel.agree({ host: "R", src: "fd00:c::1", dst: "fd00:b::2", proto: "udp", sport: 1, dport: 2 });
  });

  it.each(["0", "1"])(
    "anycast_src_echo_reply %s: from where an echo request for an anycast address is answered",
    async (value) => {
      const sysctls = { "net.ipv6.anycast_src_echo_reply": value };
      const routes = [
        "-6 anycast fd00:77::1 dev in0 table local",
        "-6 anycast fd00:78::/64 dev in0 table local",
        "-6 local fd00:79::/64 dev lo table local",
      ];
      const text = table(
        "filter",
        ["--src-type", "--dst-type"].map((side) => `-A INPUT -m addrtype ${side} ANYCAST`),
      );
      const rulesets = [{ family: 6 as const, text }];
      const byHand = ["fd00:77::1", "fd00:78::", "fd00:78::1", "fd00:79::", "fd00:79::1"];
      const duel = await duel6({ router: { sysctls, routes, rulesets } });
      const echo: ProbePacket = { ...udp6, proto: "icmpv6", icmpType: 128, icmpId: 3, icmpSeq: 1 };
      const found: string[] = [];
      for (const dst of ["fd00:a::1", "fd00:a::", "fd00:b::", ...byHand]) {
        const { kernel } = await duel.agree({ ...echo, dst });
        found.push(...kernel.responses.map(({ packet: { src } }) => src));
      }
      // The rules ask about the source too, and an error goes to no anycast address.
      for (const src of ["fd00:a::", "fd00:b::1", ...byHand]) await duel.agree({ ...udp6, src, dst: "fd00:a::1" });
      const ignoring = await duel6({
        router: { sysctls: { ...sysctls, "net.ipv6.icmp.echo_ignore_anycast": "1" }, routes },
      });
      for (const dst of ["fd00:a::", ...byHand]) await ignoring.agree({ ...echo, dst });
      const joined = ["fd00:a::", "fd00:b::"].map((address) => (value === "1" ? address : "fd00:a::1"));
      expect(found.slice(0, 3)).toEqual(["fd00:a::1", ...joined]);
    },
  );

  it.each(["0", "1"])("tcp_reflect_tos %s: the type of service of what a server answers", async (value) => {
    const router = { listen: ["tcp/80"], sysctls: { "net.ipv4.tcp_reflect_tos": value } };
    for (const six of [false, true]) {
      const duel = await (six ? duel6({ router }) : duel4({ router }));
      const syn: ProbePacket = { ...udp, proto: "tcp", flags: "S", length: 0 };
      for (const tos of [0, 0x10, 0xb8, 0xbb]) {
        const own = six ? { src: "fd00:a::2", dst: "fd00:a::1" } : { dst: "10.0.0.1" };
        const { kernel } = await duel.agree({ ...syn, ...own, tos });
        expect(kernel.responses.map(({ packet }) => packet.tos)).toEqual([value === "0" ? 0 : tos & 0xfc]);
      }
    }
  });

  it.each(["0", "1"])("shared_media %s: who is told of a better way", async (value) => {
    const sysctls = Object.fromEntries(["all", "in0"].map((name) => [`net.ipv4.conf.${name}.shared_media`, value]));
    const routes = ["10.77.0.0/16 via 10.0.0.131", "10.78.0.0/16 via 10.5.5.5 dev in0 onlink"];
    const neighbours = [
      "10.5.5.5 in0 02:00:00:02:00:02",
      "10.0.0.131 in0 02:00:00:02:00:02",
      "10.79.0.1 in0 02:00:00:02:00:02",
    ];
    const duel = await duel4({ redirects: true, router: { sysctls, routes, neighbours } });
    for (const dst of ["10.77.0.1", "10.78.0.1"]) {
      await duel.agree({ ...udp, dst });
      await duel.agree({ ...udp, dst, src: "10.6.6.6" });
    }
  });

  it.each(["0", "1"])("nf_conntrack_tcp_ignore_invalid_rst %s", async (value) => {
    const text = table("mangle", [
      "-A FORWARD -m conntrack --ctstate INVALID",
      "-A FORWARD -m conntrack --ctstate ESTABLISHED",
    ]);
    const duel = await duel4(
      { router: { sysctls: { "net.netfilter.nf_conntrack_tcp_ignore_invalid_rst": value }, rulesets: [{ text }] } },
      true,
    );
    const tcp: ProbePacket = { ...udp, proto: "tcp", flags: "S", seq: 1000 };
    await duel.agree({ ...tcp, id: "s", fresh: true });
    await duel.agree({ replyTo: "s", fresh: false });
    await duel.agree({ ...tcp, flags: "A", seq: 1001, ack: 5001, fresh: false });
    await duel.agree({ ...tcp, flags: "R", seq: 900_000, fresh: false });
    await duel.agree({ ...tcp, flags: "RA", seq: 1001, ack: 4_000_000, fresh: false });
    await duel.agree({ ...tcp, flags: "A", seq: 1001, ack: 5001, fresh: false });
    await duel.agree({ ...tcp, flags: "R", seq: 1001, fresh: false });
  });

  it.each(["1", "3"])(
    "nf_conntrack_tcp_max_retrans %s: after so many segments that nobody acknowledges",
    async (value) => {
      const text = table("mangle", [
        "-A FORWARD -m conntrack --ctstate INVALID",
        "-A FORWARD -m conntrack --ctstate ESTABLISHED",
      ]);
      const sysctls = {
        "net.netfilter.nf_conntrack_tcp_max_retrans": value,
        "net.netfilter.nf_conntrack_tcp_timeout_max_retrans": "77",
      };
      const duel = await duel4({ router: { sysctls, rulesets: [{ text }] } }, true);
      const tcp: ProbePacket = { ...udp, proto: "tcp", flags: "S", seq: 1000 };
      await duel.agree({ ...tcp, id: "s", fresh: true });
      await duel.agree({ replyTo: "s", fresh: false });
      for (let again = 0; again < 5; again++)
        await duel.agree({ ...tcp, flags: "PA", seq: 1001, ack: 5001, length: 10, fresh: false });
    },
  );

  it.each(["1", "5", "100"])("nf_conntrack_icmp_timeout and icmpv6_timeout %s", async (value) => {
    const text = table("mangle", ["-A FORWARD -m conntrack --ctstate NEW"]);
    const old = await duel4(
      { router: { sysctls: { "net.netfilter.nf_conntrack_icmp_timeout": value }, rulesets: [{ text }] } },
      true,
    );
    await old.agree({ ...udp, proto: "icmp" });
    const six = await duel6(
      { router: { sysctls: { "net.netfilter.nf_conntrack_icmpv6_timeout": value }, rulesets: [{ family: 6, text }] } },
      true,
    );
    await six.agree({ ...udp6, proto: "icmpv6" });
  });

  it.each(["0", "1"])("ignore_routes_with_linkdown %s, in both families", async (value) => {
    const lab4 = routerLab({
      router: {
        routes: ["10.77.0.0/16 via 10.0.2.2", "10.77.0.0/16 via 10.0.1.2 metric 50", "10.78.0.0/16 via 10.0.2.2"],
        sysctls: { "net.ipv4.conf.out1.ignore_routes_with_linkdown": value },
      },
      hosts: { C: { interfaces: [{ name: "eth0", up: false }], routes: [] } },
    });
    const duel = await Duel.of(oracle, lab4, FAR);
    for (const dst of ["10.77.0.1", "10.78.0.1", "10.0.2.2"]) {
      await duel.agree({ ...udp, dst });
      await duel.agree({ host: "R", dst, proto: "udp", sport: 1, dport: 2 });
    }
    const lab6 = routerLab6({
      router: {
        routes: [
          "-6 fd00:77::/64 via fd00:c::2",
          "-6 fd00:77::/64 via fd00:b::2 metric 5000",
          "-6 fd00:78::/64 via fd00:c::2",
        ],
        sysctls: { "net.ipv6.conf.out1.ignore_routes_with_linkdown": value },
      },
      hosts: { C: { interfaces: [{ name: "eth0", up: false }], routes: [] } },
    });
    const six = await Duel.of(oracle, lab6, FAR);
    for (const dst of ["fd00:77::1", "fd00:78::1", "fd00:c::2"]) {
      await six.agree({ ...udp6, dst });
      await six.agree({ host: "R", dst, proto: "udp", sport: 1, dport: 2 });
    }
  });

  it.each(["0", "1"])("use_oif_addrs_only %s: which addresses may be the source", async (value) => {
    const sysctls = { "net.ipv6.conf.out0.use_oif_addrs_only": value };
    const lab = routerLab6({ router: { sysctls } });
    const hosts = lab.hosts.map((host) =>
      host.name === "R"
        ? {
            ...host,
            interfaces: host.interfaces.map((item) =>
              item.name === "out0" ? { ...item, addresses: ["fe80::1/64"] } : item,
            ),
            routes: ["-6 fd00:77::/64 via fe80::b dev out0"],
          }
        : host,
    );
    const duel = await Duel.of(oracle, { ...lab, hosts }, FAR);
    await duel.agree({ host: "R", dst: "fd00:77::1", proto: "udp", sport: 1, dport: 2 });
    await duel.agree({ ...udp6, dst: "fd00:77::1", ttl: 1 });
  });

  it.each(["0", "1", "2", "3"])(
    "ip_no_pmtu_disc %s: datagrams have DF or not, SYN-ACKs and resets have it",
    async (value) => {
      const listen = ["udp/53", "tcp/80"];
      const duel = await duel4({ router: { listen, sysctls: { "net.ipv4.ip_no_pmtu_disc": value } } });
      const asked: ProbePacket = { ...udp, dst: "10.0.0.1", dport: 53 };
      const syn: ProbePacket = { ...asked, proto: "tcp", flags: "S", length: 0 };
      const flags: boolean[] = [];
      for (const probe of [asked, { ...asked, length: 1400 }, { ...syn, dport: 80 }, { ...syn, dport: 81 }]) {
        const { kernel } = await duel.agree(probe);
        flags.push(...kernel.responses.map(({ packet: { df } }) => df));
      }
      const datagram = value === "0";
      expect(flags).toEqual([datagram, datagram, true, true]);
    },
  );

  it("mtu_expires: a path MTU is forgotten, in both families", async () => {
    const seconds = "4";
    const forgets = async (on: Oracle, six: boolean): Promise<void> => {
      const router = {
        sysctls: { [`net.ipv${six ? 6 : 4}.route.mtu_expires`]: seconds, "net.ipv6.icmp.ratemask": "" },
      };
      const duel = await Duel.of(on, six ? routerLab6({ router }) : routerLab({ router }), FAR);
      duel.clockRuns = true;
      const [src, dst] = six ? ["fd00:b::1", "fd00:b::2"] : ["10.0.1.1", "10.0.1.2"];
      const proto = six ? "icmpv6" : "icmp";
      const echo = { icmpType: six ? 128 : 8, icmpId: 1, icmpSeq: 1 };
      const local: ProbePacket = { host: "R", src, dst, proto, ...echo, raw: true, df: true };
      const about = {
        icmpMtu: 1300,
        icmpInner: { ...local, length: 20 },
        icmpType: six ? 2 : 3,
        icmpCode: six ? 0 : 4,
      };
      const error = { host: "R", interface: "out0", src: dst, dst: src, proto };
      const long = { ...local, length: 1400, fresh: false };
      const fate = async (packet: ProbePacket): Promise<string> => {
        const { kernel } = await duel.agree(packet);
        return `${kernel.outcome} ${kernel.errno} ${kernel.hops.length}`;
      };
      const before = await fate({ ...long, fresh: true });
      await duel.agree({ ...error, ...about, fresh: false });
      expect(await fate(long)).not.toBe(before);
      await setTimeout(6000);
      expect(await fate(long)).toBe(before);
    };
    const other = new Oracle();
    await Promise.all([forgets(oracle, false), forgets(other, true)]).finally(() => other.close());
  });

  it("min_pmtu: an error that names less is not believed further down", async () => {
    for (const value of ["552", "700", "1200"]) {
      const duel = await duel4({ router: { sysctls: { "net.ipv4.route.min_pmtu": value } } });
      const local: ProbePacket = {
        host: "R",
        src: "10.0.1.1",
        dst: "10.0.1.2",
        proto: "udp",
        sport: 4000,
        dport: 80,
        length: 20,
        raw: true,
      };
      await duel.agree({ ...local, fresh: true });
      await duel.agree({
        host: "R",
        interface: "out0",
        src: "10.0.1.2",
        dst: "10.0.1.1",
        proto: "icmp",
        icmpType: 3,
        icmpCode: 4,
        icmpMtu: 600,
        icmpInner: { ...local },
        fresh: false,
      });
      for (const length of [560, 640, 900, 1300]) {
        await duel.agree({ ...local, length, df: false, fresh: false });
        await duel.agree({ ...local, length, df: true, fresh: false });
      }
    }
  });
});
