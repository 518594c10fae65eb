import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { both, FAMILIES_AND_BACKENDS, OptionLab, table } from "../harness/option-lab.ts";

const available = await kernelAvailable();

/** Every option of the matches: which rules a packet matches is compared. */
describe.skipIf(!available).each(FAMILIES_AND_BACKENDS)("options of matches, IPv%i, %s", (family, backend) => {
  const six = family === 6;
  const [src, dst, own, gateway] = six
    ? ["fd00:a::2", "fd00:b::2", "fd00:a::1", "fd00:b::1"]
    : ["10.0.0.2", "10.0.1.2", "10.0.0.1", "10.0.1.1"];
  const net = six ? "fd00:a::/64" : "10.0.0.0/24";
  const icmp = six ? "icmpv6" : "icmp";
  const lab = new OptionLab(family, backend);
  beforeAll(() => lab.build());
  afterAll(() => lab.close());

  const udp: ProbePacket = {
    host: "R",
    interface: "in0",
    src,
    dst,
    proto: "udp",
    sport: 4000,
    dport: 80,
    length: 20,
  };
  const tcp: ProbePacket = { ...udp, proto: "tcp", flags: "S", length: 0 };

  it("conntrack: state, protocol, addresses, ports, status, direction and time left, in a translated connection", async () => {
    const zero = six ? "::/0" : "0.0.0.0/0";
    const natted = six ? "fd00:9::5" : "10.9.0.5";
    const before =
      table("raw", ["-A PREROUTING -p udp --dport 9 -j CT --notrack"]) +
      table("nat", [
        `-A PREROUTING -p udp --dport 80 -j DNAT --to-destination ${six ? `[${natted}]` : natted}:8080`,
        "-A POSTROUTING -p udp --dport 8080 -j MASQUERADE --to-ports 6000",
      ]);
    const words = both(
      ...["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "SNAT", "DNAT", "NEW,DNAT", "INVALID,UNTRACKED"].map(
        (state) => `-m conntrack --ctstate ${state}`,
      ),
      "-m conntrack --ctproto 17",
      "-m conntrack --ctproto tcp",
      `-m conntrack --ctorigsrc ${net}`,
      `-m conntrack --ctorigdst ${dst}`,
      `-m conntrack --ctreplsrc ${natted}`,
      `-m conntrack --ctrepldst ${gateway}`,
      `-m conntrack --ctorigsrc ${zero}`,
      "-m conntrack --ctorigsrcport 4000",
      "-m conntrack --ctorigdstport 70:80",
      "-m conntrack --ctreplsrcport 8080",
      "-m conntrack --ctrepldstport 6000:6001",
      "-m conntrack --ctstatus NONE",
      "-m conntrack --ctstatus EXPECTED",
      "-m conntrack --ctstatus SEEN_REPLY",
      "-m conntrack --ctstatus ASSURED",
      "-m conntrack --ctstatus CONFIRMED",
      "-m conntrack --ctstatus SEEN_REPLY,ASSURED",
      "-m conntrack --ctexpire 0",
      "-m conntrack --ctexpire 10:40",
      "-m conntrack --ctexpire 100:1000000",
    ).concat(
      "-m conntrack --ctdir ORIGINAL",
      "-m conntrack --ctdir REPLY",
      "-m conntrack --ctstate NEW --ctproto 17 --ctorigdstport 80",
      "-m conntrack --ctstate UNTRACKED --ctproto 17 --ctdir REPLY",
      "-m conntrack --ctstate INVALID --ctstatus CONFIRMED",
      "-m conntrack ! --ctstate NEW --ctdir REPLY --ctstatus SEEN_REPLY",
    );
    const answer: ProbePacket = { replyTo: "q", fresh: false };
    const error: ProbePacket = {
      host: "R",
      interface: "out0",
      src: dst,
      dst: gateway,
      proto: icmp,
      icmpType: six ? 1 : 3,
      icmpCode: six ? 4 : 3,
      icmpInner: { src: gateway, dst: natted, proto: "udp", sport: 6000, dport: 8080, length: 20 },
      fresh: false,
    };
    const { never } = await lab.compared(
      "PREROUTING",
      words,
      [
        { ...udp, id: "q", fresh: true },
        answer,
        { ...udp, fresh: false },
        error,
        { ...udp, dport: 9, fresh: false },
        { ...tcp, id: "s", sport: 5, fresh: false },
        { replyTo: "s", fresh: false },
        { ...tcp, sport: 5, flags: "A", seq: 1, ack: 5001, fresh: false },
        { ...tcp, sport: 6, flags: "SF", fresh: false },
        { ...udp, proto: icmp, icmpType: six ? 129 : 0, fresh: false },
      ],
      { before, conntrack: true },
    );
    expect(never.filter((text) => !text.includes("!") && !text.includes("--ctstatus"))).toEqual([]);
  });

  it("state: the same, with SNAT and DNAT unknown", async () => {
    const words = both(
      "-m state --state NEW",
      "-m state --state ESTABLISHED,RELATED",
      "-m state --state INVALID",
      "-m state --state UNTRACKED",
    );
    const before = table("raw", ["-A PREROUTING -p udp --dport 9 -j NOTRACK"]);
    expect(
      await lab.compared(
        "PREROUTING",
        words,
        [
          { ...udp, id: "q", fresh: true },
          { replyTo: "q", fresh: false },
          { ...udp, dport: 9, fresh: false },
          { ...tcp, flags: "SF", fresh: false },
        ],
        { before },
      ),
    ).toEqual({ never: [], always: [] });
  });

  it("tcp, udp, sctp, dccp and multiport: ports on either side, open ends, flags and options", async () => {
    const ports = (name: string): readonly string[] =>
      both(
        ...["80", "70:90", ":80", "80:", "0:65535"].flatMap((text) => [
          `-p ${name} -m ${name} --sport ${text}`,
          `-p ${name} -m ${name} --dport ${text}`,
        ]),
      );
    const lists = (name: string): readonly string[] =>
      both(
        `-p ${name} -m multiport --sports 80,4000`,
        `-p ${name} -m multiport --dports 1,80:90,7`,
        `-p ${name} -m multiport --ports 4000,9`,
        `-p ${name} -m multiport --ports 1:79,81:3999,4001:65535`,
      );
    const words = [
      ...ports("tcp"),
      ...ports("udp"),
      ...ports("sctp"),
      ...ports("dccp"),
      ...["tcp", "udp", "sctp", "dccp"].flatMap(lists),
      ...["tcp", "udp", "sctp", "dccp", icmp, "esp", "gre"].flatMap((name) => [
        `-p ${name === "icmpv6" ? "ipv6-icmp" : name}`,
        `! -p ${name === "icmpv6" ? "ipv6-icmp" : name}`,
      ]),
      ...both(
        "-p tcp -m tcp --syn",
        "-p tcp -m tcp --tcp-flags SYN,ACK,FIN,RST SYN",
        "-p tcp -m tcp --tcp-flags ALL NONE",
        "-p tcp -m tcp --tcp-flags ALL ALL",
        "-p tcp -m tcp --tcp-flags URG,PSH PSH",
        "-p tcp -m tcp --tcp-option 2",
      ),
      ...["DATA", "INIT", "DATA,INIT"].flatMap((chunks) =>
        ["any", "all", "only"].flatMap((how) => both(`-p sctp -m sctp --chunk-types ${how} ${chunks}`)),
      ),
    ];
    const { never } = await lab.compared("PREROUTING", words, [
      tcp,
      { ...tcp, flags: "SA", sport: 80, dport: 4000 },
      { ...tcp, flags: "" },
      { ...tcp, flags: "FSRPAUEC" },
      { ...tcp, flags: "FSRPAU" },
      { ...tcp, flags: "PA", dport: 91 },
      { ...tcp, mss: 1400 },
      { ...tcp, sport: 65535, dport: 0 },
      { ...tcp, sport: 9, dport: 7 },
      udp,
      { ...udp, sport: 80, dport: 4000 },
      { ...udp, sport: 9, dport: 65535 },
      { ...udp, sport: 7, dport: 7 },
      ...["sctp", 33].flatMap((proto) => [
        { ...udp, proto, length: 20 },
        { ...udp, proto, sport: 80, dport: 4000, length: 20 },
        { ...udp, proto, sport: 7, dport: 7, length: 20 },
      ]),
      { ...udp, proto: "sctp", chunks: ["DATA", "INIT"] },
      { ...udp, proto: "sctp", chunks: ["SACK"] },
      { ...udp, proto: "sctp", chunks: ["DATA"] },
      { ...udp, proto: "sctp", chunks: ["INIT"] },
      { ...udp, proto: "sctp", chunks: ["DATA", "SACK"] },
      { ...udp, proto: icmp },
      { ...udp, proto: 50 },
      { ...udp, proto: 47 },
    ]);
    expect(never.filter((text) => !text.includes("0:65535"))).toEqual([]);
  });

  it("ttl, hl, length, tos, dscp, ecn, iprange and addresses with holes in their masks", async () => {
    const hops = six
      ? both("-m hl --hl-eq 64").concat("-m hl --hl-lt 60", "-m hl --hl-gt 63")
      : both("-m ttl --ttl-eq 64").concat("-m ttl --ttl-lt 60", "-m ttl --ttl-gt 63");
    const first = six ? "fd00:a::2" : "10.0.0.2";
    const last = six ? "fd00:a::10" : "10.0.0.130";
    const holes = six ? "fd00:a::/ffff:0:0:0:0:0:0:3" : "10.0.0.2/255.0.0.3";
    const words = [
      ...hops,
      ...both(
        "-m length --length 48",
        "-m length --length 0:60",
        "-m length --length 61:65535",
        "-m length --length 100:",
        "-m tos --tos 0x10",
        "-m tos --tos 0x00/0xff",
        "-m tos --tos 0x08/0x18",
        "-m dscp --dscp 0x2e",
        "-m dscp --dscp-class EF",
        "-m dscp --dscp-class CS0",
        "-m ecn --ecn-ip-ect 0",
        "-m ecn --ecn-ip-ect 1",
        "-m ecn --ecn-ip-ect 3",
        `-m iprange --src-range ${first}-${last}`,
        `-m iprange --dst-range ${first}-${last}`,
        `-m iprange --src-range ${first}-${last} --dst-range ${dst}-${dst}`,
      ),
      ...[src, net, holes].flatMap((text) => [`-s ${text}`, `! -s ${text}`, `-d ${text}`, `! -d ${text}`]),
      ...both("-p tcp -m ecn --ecn-tcp-ece", "-p tcp -m ecn --ecn-tcp-cwr"),
    ];
    await lab.compared("PREROUTING", words, [
      udp,
      { ...udp, ttl: 3, length: 100, tos: 0xb8 },
      { ...udp, src: last, tos: 1 },
      { ...udp, src: dst, dst: src, tos: 2 },
      { ...udp, tos: 0x13, length: 0 },
      { ...udp, tos: 0x08, dst: own },
      { ...tcp, flags: "SE" },
      { ...tcp, flags: "SC" },
      { ...tcp, flags: "SEC", tos: 3 },
    ]);
  });
});
