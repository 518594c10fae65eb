import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ProbePacket, Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { FAMILIES_AND_BACKENDS, OptionLab, table } from "../harness/option-lab.ts";

const available = await kernelAvailable();

/** Every option of the targets, each met by packets on both sides. */
describe.skipIf(!available).each(FAMILIES_AND_BACKENDS)("options of targets, IPv%i, %s", (family, backend) => {
  const six = family === 6;
  const [src, dst, own] = six ? ["fd00:a::2", "fd00:b::2", "fd00:a::1"] : ["10.0.0.2", "10.0.1.2", "10.0.0.1"];
  const [other, there] = six ? ["fd00:a::11", "fd00:b::11"] : ["10.0.0.131", "10.0.1.131"];
  const icmp = six ? "icmpv6" : "icmp";
  const lab = new OptionLab(family, backend);
  beforeAll(() => lab.build());
  afterAll(() => lab.close());

  const udp: ProbePacket = { host: "R", interface: "in0", src, dst, proto: "udp", sport: 4000, dport: 80, length: 20 };
  const tcp: ProbePacket = { ...udp, proto: "tcp", flags: "S", length: 0 };
  const local: ProbePacket = {
    host: "R",
    src: six ? "fd00:b::1" : "10.0.1.1",
    dst,
    proto: "udp",
    sport: 4000,
    dport: 80,
  };
  const at = (address: string, ports = ""): string => (six && ports !== "" ? `[${address}]${ports}` : address + ports);

  /** Several flows by one NAT rule, the answer to the first, and its next packet; the connections are compared. */
  async function flows(rule: string, proto: "tcp" | "udp" | "icmp", before = ""): Promise<readonly Round[]> {
    const base = proto === "tcp" ? tcp : proto === "udp" ? udp : { ...udp, proto: icmp, icmpId: 77 };
    const duel = await lab.load(before + table("nat", [rule]), { conntrack: true });
    const rounds: Round[] = [];
    rounds.push(await duel.agree({ ...base, id: "first", fresh: true }));
    if (rounds[0]?.kernel.delivered !== null && proto !== "icmp") {
      const answer = await duel.ask({ replyTo: "first", fresh: false });
      if (answer !== null) expect(answer.differences).toEqual([]);
    }
    for (const packet of [
      { ...base, sport: 4001, icmpId: 78 },
      { ...base, src: other },
      { ...base, src: other, dst: there, sport: 4002, icmpId: 79 },
      { ...base, dport: 81 },
      { ...base, dport: 82, dst: there },
    ]) {
      rounds.push(await duel.agree({ ...packet, fresh: false }));
    }
    return rounds;
  }

  const [first, last] = six ? ["fd00:9::5", "fd00:9::9"] : ["10.9.0.5", "10.9.0.9"];
  const ends = ["", " --random", " --persistent", " --random --persistent"];

  it.each([
    ...ends.map((end) => `--to-destination ${at(first)}${end}`),
    ...ends.map((end) => `--to-destination ${first}-${last}${end}`),
    ...ends.map((end) => `--to-destination ${at(first, ":8080")}${end}`),
    ...ends.map((end) => `--to-destination ${at(first, ":8080-8085")}${end}`),
    ...ends.map((end) => `--to-destination ${at(`${first}-${last}`, ":8080-8081")}${end}`),
    `--to-destination ${at(first, ":8080-8085/80")}`,
    `--to-destination ${at(first, ":8080-8081/80")}`,
    `--to-destination ${at(first, ":8080-8085/79")}`,
    `--to-destination ${at(first, ":8080-8085/4000")}`,
    "--to-destination :8080",
    "--to-destination :8080-8085/80",
  ])("DNAT %s", async (words) => {
    for (const proto of ["tcp", "udp"] as const) await flows(`-A PREROUTING -p ${proto} -j DNAT ${words}`, proto);
    if (!words.includes(":80")) await flows(`-A PREROUTING -j DNAT ${words}`, "icmp");
  });

  it.each([
    ...["", " --random", " --random-fully", " --persistent", " --random-fully --persistent"].flatMap((end) => [
      `--to-source ${at(first)}${end}`,
      `--to-source ${first}-${last}${end}`,
      `--to-source ${at(first, ":5000")}${end}`,
      `--to-source ${at(first, ":5000-5003")}${end}`,
      `--to-source ${at(`${first}-${last}`, ":400-500")}${end}`,
    ]),
    "--to-source :5000-5002",
  ])("SNAT %s", async (words) => {
    for (const proto of ["tcp", "udp"] as const) await flows(`-A POSTROUTING -p ${proto} -j SNAT ${words}`, proto);
    if (!words.includes(":5000") && !words.includes(":400")) await flows(`-A POSTROUTING -j SNAT ${words}`, "icmp");
  });

  it.each([
    "",
    "--to-ports 5000",
    "--to-ports 5000-5002",
    "--random",
    "--random-fully",
    "--to-ports 5000-5003 --random",
  ])("MASQUERADE %s", async (words) => {
    for (const proto of ["tcp", "udp"] as const)
      await flows(`-A POSTROUTING -p ${proto} -j MASQUERADE ${words}`, proto);
    if (!words.includes("ports")) await flows(`-A POSTROUTING -j MASQUERADE ${words}`, "icmp");
  });

  it.each(["", "--to-ports 8080", "--to-ports 8080-8083", "--random", "--to-ports 8080-8083 --random"])(
    "REDIRECT %s",
    async (words) => {
      for (const proto of ["tcp", "udp"] as const) await flows(`-A PREROUTING -p ${proto} -j REDIRECT ${words}`, proto);
      if (!words.includes("ports")) await flows(`-A PREROUTING -j REDIRECT ${words}`, "icmp");
      await lab.agree(table("nat", [`-A OUTPUT -p udp -j REDIRECT ${words}`]), [local], { conntrack: true });
    },
  );

  it("NETMAP keeps the host's part, of destinations and of sources", async () => {
    const [to, whole, single] = six
      ? ["fd00:9::/64", "fd00:9::/112", "fd00:9::7/128"]
      : ["10.9.0.0/24", "10.9.0.0/16", "10.9.0.7/32"];
    for (const prefix of [to, whole, single]) {
      await flows(`-A PREROUTING -j NETMAP --to ${prefix}`, "udp");
      await flows(`-A POSTROUTING -j NETMAP --to ${prefix}`, "tcp");
      await lab.agree(table("nat", [`-A OUTPUT -p udp -j NETMAP --to ${prefix}`]), [local], { conntrack: true });
    }
  });

  it("CT puts a packet into a zone: of both directions, of one, or of its mark; events and NOTRACK change no packet", async () => {
    for (const words of [
      "--zone 5",
      "--zone-orig 6",
      "--zone-reply 7",
      "--zone mark",
      "--zone-orig mark",
      "--zone-reply mark",
      "--zone 5 --ctevents new,destroy",
      "--ctevents reply --expevents new",
      "--notrack",
      "--zone 0",
    ]) {
      const raw = table("raw", ["-A PREROUTING -j MARK --set-mark 9", `-A PREROUTING -j CT ${words}`]);
      const duel = await lab.load(
        raw +
          table("mangle", ["-A FORWARD -m conntrack --ctstate NEW", "-A FORWARD -m conntrack --ctstate ESTABLISHED"]),
        {
          conntrack: true,
        },
      );
      await duel.agree({ ...udp, id: "q", fresh: true });
      await duel.agree({ replyTo: "q", fresh: false });
      await duel.agree({ ...udp, fresh: false });
      await duel.agree({ ...tcp, sport: 6, fresh: false });
    }
  });

  it("CT with a zone for the reply alone: NAT finds the answer of the host in nobody's way, and the clash drops it", async () => {
    const zoned = table("raw", ["-A PREROUTING -j CT --zone-reply 7"]);
    for (const nat of ["", table("nat", []), table("nat", ["-A POSTROUTING -j MASQUERADE"])]) {
      const duel = await lab.load(zoned + nat, { conntrack: true });
      for (const packet of [udp, tcp, { ...udp, proto: icmp, icmpId: 9 }]) {
        await duel.agree({ ...packet, dst: own, id: "q", fresh: true });
        // The kernel answers the others itself.
        if (packet === udp) await duel.agree({ replyTo: "q", fresh: false });
      }
    }
  });

  it("NFQUEUE without a program: dropped in silence, or let through by --queue-bypass, whatever the queue", async () => {
    for (const words of [
      "",
      "--queue-num 7",
      "--queue-num 7 --queue-bypass",
      "--queue-balance 2:5",
      "--queue-balance 2:5 --queue-bypass",
      "--queue-balance 2:5 --queue-cpu-fanout",
      "--queue-balance 2:5 --queue-bypass --queue-cpu-fanout",
    ]) {
      for (const chain of ["PREROUTING", "FORWARD", "POSTROUTING"]) {
        const rules = [`-A ${chain} -p udp -j NFQUEUE ${words}`, `-A ${chain} -j MARK --set-mark 3`];
        const [round] = await lab.agree(table("mangle", rules), [udp, tcp]);
        expect(round?.kernel.outcome).toBe(words.includes("bypass") ? "delivered" : "dropped");
      }
      const [round] = await lab.agree(table("mangle", [`-A OUTPUT -p udp -j NFQUEUE ${words}`]), [local]);
      expect(round?.kernel.errno).toBe(null);
    }
  });

  it("MARK, CONNMARK and CLASSIFY: each way of changing bits, kept by the connection", async () => {
    const marks = [
      "MARK --set-mark 0x10/0xf0",
      "MARK --set-xmark 0x3/0xff",
      "MARK --set-xmark 0x0f0/0x0",
      "MARK --and-mark 0xfff0",
      "MARK --or-mark 0x8",
      "MARK --xor-mark 0x5",
      "CONNMARK --set-mark 0x7",
      "CONNMARK --set-xmark 0x1f/0xff",
      "CONNMARK --or-mark 0x100",
      "CONNMARK --and-mark 0x1ff",
      "CONNMARK --xor-mark 0x11",
      "CONNMARK --save-mark",
      "CONNMARK --save-mark --nfmask 0xf --ctmask 0xff",
      "CONNMARK --restore-mark --nfmask 0xf0 --ctmask 0x0f",
      "CONNMARK --restore-mark --mask 0x3",
      "CONNMARK --restore-mark",
      ...(backend === "legacy" || !six
        ? [
            "CONNMARK --save-mark --left-shift-mark 4 --nfmask 0xff --ctmask 0xfff",
            "CONNMARK --restore-mark --right-shift-mark 2",
          ]
        : []),
      "CLASSIFY --set-class 1:2",
    ];
    const seen = [0x1, 0x2, 0x4, 0x8, 0x10, 0x20, 0x40, 0x80, 0x100].flatMap((bit) => [
      `-A POSTROUTING -m mark --mark ${bit}/${bit}`,
      `-A POSTROUTING -m connmark --mark ${bit}/${bit}`,
    ]);
    for (const start of [0, 0x5a, 0x1a5]) {
      for (const words of marks) {
        const rules = [
          `-A PREROUTING -j MARK --set-mark ${start}`,
          "-A PREROUTING -m conntrack --ctstate NEW -j CONNMARK --set-mark 0x36",
          `-A POSTROUTING -j ${words}`,
          ...seen,
        ];
        const duel = await lab.load(table("mangle", rules), { conntrack: true });
        await duel.agree({ ...udp, id: "q", fresh: true });
        await duel.agree({ replyTo: "q", fresh: false });
      }
    }
  });

  it("TTL, HL, TOS, DSCP and TCPMSS: each way of changing the header", async () => {
    const hops = six ? "HL --hl" : "TTL --ttl";
    const words = [
      `${hops}-set 9`,
      `${hops}-set 1`,
      `${hops}-inc 3`,
      `${hops}-inc 255`,
      `${hops}-dec 3`,
      `${hops}-dec 63`,
      `${hops}-dec 64`,
      "TOS --set-tos 0x1c",
      "TOS --set-tos 0x08/0x18",
      "TOS --and-tos 0x0f",
      "TOS --or-tos 0x83",
      "TOS --xor-tos 0xff",
      "DSCP --set-dscp 0x2e",
      "DSCP --set-dscp-class AF41",
      "DSCP --set-dscp-class CS7",
    ];
    const packets = [udp, { ...tcp, tos: 0x5d }, { ...udp, ttl: 255, tos: 0xff }, { ...udp, ttl: 5 }];
    for (const chain of ["PREROUTING", "FORWARD", "POSTROUTING"]) {
      for (const text of words) await lab.agree(table("mangle", [`-A ${chain} -j ${text}`]), packets);
    }
  });

  it("LOG, NFLOG, AUDIT and TRACE change nothing, whatever they write", async () => {
    const logs = [
      "--log-level 7",
      "--log-prefix a:",
      "--log-tcp-sequence",
      "--log-tcp-options",
      "--log-ip-options",
      "--log-uid",
      "--log-macdecode",
    ];
    const rules = [
      ...logs.map((words) => `-A FORWARD -j LOG ${words}`),
      "-A FORWARD -j NFLOG",
      "-A FORWARD -j NFLOG --nflog-group 3 --nflog-prefix abc --nflog-size 64 --nflog-threshold 5",
      "-A FORWARD -j NFLOG --nflog-range 30",
      ...["accept", "drop", "reject"].map((type) => `-A FORWARD -j AUDIT --type ${type}`),
    ];
    await lab.agree(table("mangle", rules), [udp, tcp, { ...udp, dst: own }]);
  });

  it("SET adds and deletes by several sides, for a time, anew, and maps marks", async () => {
    const inet = six ? " family inet6" : "";
    const name = (text: string): string => `t${text}${family}${backend.slice(0, 1)}`;
    const ipsets = [
      `create ${name("h")} hash:ip${inet} timeout 500`,
      `create ${name("p")} hash:ip,port${inet}`,
      `create ${name("i")} hash:net,iface${inet} timeout 0`,
      `create ${name("m")} hash:ip${inet} skbinfo`,
      `add ${name("m")} ${src} skbmark 0x12/0xff`,
      "",
    ].join("\n");
    const test = [
      `-A FORWARD -m set --match-set ${name("h")} src`,
      `-A FORWARD -m set --match-set ${name("h")} dst`,
      `-A FORWARD -m set --match-set ${name("p")} src,dst`,
      `-A FORWARD -m set --match-set ${name("p")} dst,src`,
      `-A FORWARD -m set --match-set ${name("i")} src,src`,
      "-A FORWARD -m mark --mark 0x12",
    ];
    for (const words of [
      `--add-set ${name("h")} src`,
      `--add-set ${name("h")} dst --exist --timeout 100`,
      `--add-set ${name("p")} src,dst`,
      `--add-set ${name("p")} src,src --exist`,
      `--add-set ${name("i")} src,src --timeout 0`,
      `--del-set ${name("m")} src`,
      `--map-set ${name("m")} src --map-mark --map-prio --map-queue`,
      `--add-set ${name("h")} src --del-set ${name("h")} dst`,
    ]) {
      const rules = [...test, `-A FORWARD -p udp -j SET ${words}`, ...test];
      const duel = await lab.load(table("mangle", rules), { ipsets });
      await duel.agree({ ...udp, fresh: true });
      await duel.agree({ ...udp, fresh: false });
      await duel.agree({ ...tcp, fresh: false });
      await duel.agree({ ...udp, src: other, dport: 81, fresh: false });
    }
  });
});
