import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { both, FAMILIES_AND_BACKENDS, OptionLab, table } from "../harness/option-lab.ts";

const available = await kernelAvailable();

/** Every option of the matches that count packets or remember addresses. */
describe.skipIf(!available).each(FAMILIES_AND_BACKENDS)("matches that remember, IPv%i, %s", (family, backend) => {
  const six = family === 6;
  const [src, dst] = six ? ["fd00:a::2", "fd00:b::2"] : ["10.0.0.2", "10.0.1.2"];
  const [net, far] = six ? ["fd00:a::/64", "fd00:b::/64"] : ["10.0.0.0/24", "10.0.1.0/24"];
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

  it("connbytes: packets, bytes and their average, of either direction and both", async () => {
    const words = ["original", "reply", "both"].flatMap((direction) =>
      [
        "2 packets",
        "1:2 packets",
        ":1 packets",
        "100 bytes",
        "60:130 bytes",
        "50:70 avgpkt",
        "70 avgpkt",
        "0:49 avgpkt",
        "3:3 packets",
      ].flatMap((text) => {
        const [bounds, mode] = text.split(" ");
        const rest = `--connbytes ${bounds} --connbytes-dir ${direction} --connbytes-mode ${mode}`;
        return [`-m connbytes ${rest}`, `-m connbytes ! ${rest}`];
      }),
    );
    const { always } = await lab.compared("FORWARD", words, [
      { ...udp, id: "q", fresh: true },
      { replyTo: "q", fresh: false },
      { ...udp, length: 100, fresh: false },
      { ...udp, length: 0, fresh: false },
      { ...udp, length: 100, fresh: false },
      { ...udp, dport: 99, fresh: false },
    ]);
    expect(always.filter((text) => !/!|reply/.test(text))).toEqual([]);
  });

  it("hashlimit: every mode, masks, units, bursts, and rates that are only compared", async () => {
    const modes = [
      "",
      "--hashlimit-mode srcip",
      "--hashlimit-mode dstip",
      "--hashlimit-mode srcport",
      "--hashlimit-mode dstport",
      "--hashlimit-mode srcip,dstip",
      "--hashlimit-mode srcip,srcport,dstip,dstport",
      "--hashlimit-mode dstip,dstport",
      `--hashlimit-mode srcip --hashlimit-srcmask ${six ? 124 : 30}`,
      `--hashlimit-mode dstip --hashlimit-dstmask ${six ? 64 : 24}`,
      `--hashlimit-mode srcip,dstip --hashlimit-srcmask 0 --hashlimit-dstmask ${six ? 127 : 31}`,
    ];
    const rates = [
      "--hashlimit-upto 1/hour --hashlimit-burst 2",
      "--hashlimit-above 2/day --hashlimit-burst 1",
      "! --hashlimit-upto 3/minute --hashlimit-burst 3",
      "! --hashlimit-above 1/min --hashlimit-burst 2",
    ];
    const others = [
      "--hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-htable-size 16 --hashlimit-htable-max 4000 --hashlimit-htable-gcinterval 60000 --hashlimit-htable-expire 50000",
      "--hashlimit-upto 2/hour --hashlimit-burst 2 --hashlimit-rate-match --hashlimit-rate-interval 3600",
      "--hashlimit-above 2/hour --hashlimit-burst 1 --hashlimit-rate-match --hashlimit-rate-interval 60",
    ];
    const words = [...modes.flatMap((mode) => rates.map((rate) => `${rate} ${mode}`)), ...others].map(
      (text, at) => `-m hashlimit ${text.trim()} --hashlimit-name o${family}${backend}${at}`,
    );
    const other = six ? "fd00:a::10" : "10.0.0.130";
    const there = six ? "fd00:b::10" : "10.0.1.130";
    const packets: ProbePacket[] = [];
    for (let round = 0; round < 3; round++) {
      packets.push(
        { ...udp, fresh: packets.length === 0 },
        { ...udp, sport: 4001, fresh: false },
        { ...udp, src: other, fresh: false },
        { ...udp, dst: there, dport: 81, fresh: false },
        { ...udp, src: other, proto: icmp, fresh: false },
      );
    }
    await lab.compared("PREROUTING", words, packets);
  });

  it("hashlimit: bytes a second, which come back while the clock runs", async () => {
    const words = [
      "--hashlimit-upto 32b/s",
      "--hashlimit-upto 100b/s --hashlimit-burst 200b",
      "--hashlimit-above 1kb/s --hashlimit-mode srcip",
      "--hashlimit-above 64b/s --hashlimit-burst 128b --hashlimit-mode dstip",
      "--hashlimit-above 100b/s --hashlimit-rate-match --hashlimit-mode srcip",
      "--hashlimit-upto 3kb/s --hashlimit-burst 9kb --hashlimit-mode dstip",
    ].map((text, at) => `-m hashlimit ${text} --hashlimit-name b${family}${backend}${at}`);
    const packets = Array.from({ length: 8 }, (_, at) => ({ ...udp, length: 20 + 300 * (at % 4), fresh: at === 0 }));
    await lab.compared("PREROUTING", words, packets, { clock: true });
  });

  it("recent: every mode and option, negated too", async () => {
    const bits = six ? "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0" : "255.255.255.240";
    const asking = [
      "--rcheck",
      "--update",
      "--rcheck --hitcount 2",
      "--update --hitcount 2",
      "--rcheck --seconds 3600",
      "--update --seconds 3600 --hitcount 3",
      "--rcheck --rttl",
      "--update --rttl",
      "--rcheck --seconds 3600 --hitcount 2 --rttl",
      "--rcheck --seconds 3600 --reap",
      "--update --seconds 3600 --reap",
      "--remove",
    ];
    const lists: string[] = [];
    asking.forEach((mode, at) => {
      for (const side of ["--rsource", "--rdest"]) {
        for (const mask of ["", ` --mask ${bits}`]) {
          const name = `--name o${family}${backend}${at}${side.slice(3, 4)}${mask === "" ? "" : "m"} ${side}${mask}`;
          lists.push(`-m recent ! ${mode} ${name}`, `-m recent --set ${name}`, `-m recent ${mode} ${name}`);
        }
      }
    });
    lists.push("-m recent ! --set --name never --rsource");
    const other = six ? "fd00:a::10" : "10.0.0.130";
    const near = six ? "fd00:a::12" : "10.0.0.132";
    const { never } = await lab.compared("PREROUTING", lists, [
      { ...udp, fresh: true },
      { ...udp, ttl: 60, fresh: false },
      { ...udp, src: other, fresh: false },
      { ...udp, src: near, fresh: false },
      { ...udp, src: other, dport: 9, fresh: false },
      { ...udp, ttl: 60, fresh: false },
      { ...udp, fresh: false },
    ]);
    expect(never).toEqual(["-m recent ! --set --name never --rsource"]);
  });

  it("limit and connlimit: bursts, both directions, masks", async () => {
    const bits = six ? 124 : 28;
    const connections = both(
      "-m connlimit --connlimit-above 1",
      "-m connlimit --connlimit-upto 2",
      `-m connlimit --connlimit-above 2 --connlimit-mask ${bits}`,
      "-m connlimit --connlimit-above 1 --connlimit-daddr",
      `-m connlimit --connlimit-upto 3 --connlimit-mask ${six ? 64 : 24} --connlimit-daddr`,
      "-m connlimit --connlimit-above 3 --connlimit-mask 0 --connlimit-saddr",
    );
    const rates = ["3/hour", "1/minute", "2/day"].flatMap((rate) => [
      `-m limit --limit ${rate}`,
      `-m limit --limit ${rate} --limit-burst 1`,
      `-m limit --limit ${rate} --limit-burst 3`,
    ]);
    const sources = six ? ["fd00:a::10", "fd00:a::11", "fd00:a::2"] : ["10.0.0.130", "10.0.0.131", "10.0.0.2"];
    const packets = sources.flatMap((from, at) =>
      [0, 1, 2].map((n) => ({ ...udp, src: from, sport: 4000 + n, fresh: at === 0 && n === 0 })),
    );
    const { never } = await lab.compared("FORWARD", [...connections, ...rates], packets);
    expect(never).toEqual([]);
  });

  it("connlimit: an untracked packet counts for as long as a connection with its addresses and ports lives", async () => {
    const bits = six ? 64 : 24;
    const words = [0, 1, 2, 3, 4].flatMap((above) => [
      `-m connlimit --connlimit-above ${above} --connlimit-mask ${bits}`,
      `-m connlimit --connlimit-above ${above} --connlimit-mask ${bits} --connlimit-daddr`,
    ]);
    const before = table("raw", ["-A PREROUTING -m length --length 148:200 -j CT --notrack"]);
    // Slower than the clock ticks, within which nobody looks.
    const tracked = { ...udp, fresh: false, pause: 0.1 };
    const untracked = { ...tracked, length: 120 };
    const packets = [
      { ...udp, id: "q", fresh: true },
      untracked,
      { ...untracked, sport: 4001 },
      { ...untracked, sport: 4002 },
      { ...tracked, sport: 4002 },
      { ...untracked, interface: "out0", src: dst, dst: src, sport: 80, dport: 4000 },
      { ...untracked, interface: "out0", src: dst, dst: src, sport: 80, dport: 4001 },
      { ...untracked, sport: 4003 },
      untracked,
    ];
    const { never, always } = await lab.compared("FORWARD", words, packets, { before, clock: true, conntrack: true });
    expect(never).toEqual(words.slice(6));
    expect(always).toEqual(words.slice(0, 2));
  });

  it("statistic --mode nth, and quota", async () => {
    const words = [
      ...["1 --packet 0", "2 --packet 1", "3 --packet 0", "5 --packet 4"].flatMap((text) => [
        `-m statistic --mode nth --every ${text}`,
        `-m statistic --mode nth ! --every ${text}`,
      ]),
      "-m quota --quota 100",
      "-m quota ! --quota 100",
      "-m quota --quota 0",
    ];
    const packets = Array.from({ length: 7 }, (_, n) => ({ ...udp, sport: 4000 + n, fresh: n === 0 }));
    await lab.compared("PREROUTING", words, packets);
  });

  it("set: several dimensions, members that do not match, and members whose time runs out", async () => {
    const inet = six ? " family inet6" : "";
    const part = six ? "fd00:a::/125" : "10.0.0.0/29";
    const name = (text: string): string => `${text}${family}${backend.slice(0, 1)}`;
    const ipsets = [
      `create ${name("n")} hash:net${inet} timeout 600`,
      `add ${name("n")} ${net}`,
      `add ${name("n")} ${part} nomatch`,
      `add ${name("n")} ${dst} timeout 2`,
      `create ${name("np")} hash:net,port${inet} timeout 600`,
      `add ${name("np")} ${net},udp:70-90`,
      `add ${name("np")} ${part},udp:80 nomatch`,
      `create ${name("ni")} hash:net,iface${inet} timeout 600`,
      `add ${name("ni")} ${net},in0`,
      `add ${name("ni")} ${part},in0 nomatch`,
      `add ${name("ni")} ${far},out0`,
      `create ${name("ipn")} hash:ip,port,net${inet} timeout 600`,
      `add ${name("ipn")} ${src},udp:80,${far}`,
      `add ${name("ipn")} ${src},udp:80,${dst} nomatch`,
      `create ${name("l")} list:set`,
      `add ${name("l")} ${name("n")}`,
      `add ${name("l")} ${name("np")}`,
      "",
    ].join("\n");
    const sets = [
      ["n", "src"],
      ["n", "dst"],
      ["np", "src,dst"],
      ["np", "src,src"],
      ["np", "dst,dst"],
      ["ni", "src,src"],
      ["ni", "dst,dst"],
      ["ni", "dst,src"],
      ["ipn", "src,dst,dst"],
      ["ipn", "dst,dst,src"],
      ["l", "src"],
      ["l", "src,dst"],
    ] as const;
    const words = sets.flatMap(([set, sides]) => [
      `-m set --match-set ${name(set)} ${sides}`,
      `-m set ! --match-set ${name(set)} ${sides}`,
      `-m set --match-set ${name(set)} ${sides} --return-nomatch`,
      `-m set ! --match-set ${name(set)} ${sides} --return-nomatch`,
    ]);
    const other = six ? "fd00:a::10" : "10.0.0.130";
    const there = six ? "fd00:b::10" : "10.0.1.130";
    const packets: ProbePacket[] = [
      { ...udp, fresh: true },
      { ...udp, src: other, fresh: false },
      { ...udp, dst: there, fresh: false },
      { ...udp, src: other, dst: there, dport: 75, fresh: false },
      { ...udp, src: other, dport: 99, fresh: false },
      { ...udp, src: other, proto: icmp, fresh: false },
      { ...tcp, fresh: false },
    ];
    await lab.compared("FORWARD", words, packets, { ipsets, clock: true });
    await new Promise((resolve) => setTimeout(resolve, 2200));
    await lab.compared("FORWARD", words, packets.slice(0, 1), { ipsets, clock: true });
  });
});
