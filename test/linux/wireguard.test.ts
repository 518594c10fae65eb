import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { originTable } from "../../src/model/origin.ts";
import { formatAddress, ipv4 } from "../../src/net/address.ts";
import { formatPrefix } from "../../src/net/prefix.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";
import { readWireguard } from "../../src/readers/wireguard.ts";
import { parsePacketLine } from "../../src/trace/packet-question.ts";
import { createPacketSession } from "../../src/trace/packet-session.ts";

const key = (letter: string): string => `${letter.repeat(43)}=`;

interface End {
  readonly rules?: string;
  /** Allowed IPs of the other end; null: `wg show` was not collected. */
  readonly allowed?: string | null;
  readonly endpoint?: string;
  readonly own?: string;
  readonly other?: string;
}

/** One of two nodes that send each other the blocks of their pods by WireGuard, as Calico sets it up. */
function node(number: 1 | 2, end: End): readonly (readonly [string, string])[] {
  const other = 3 - number;
  const { allowed = `10.0.${other}.0/24, 10.9.0.${other}/32`, endpoint = `192.168.0.${other}:51820` } = end;
  const wg = `interface: wireguard.cali\n  public key: ${end.own ?? key(String(number))}\n  private key: (hidden)\n  listening port: 51820\n  fwmark: 0x100000\n\npeer: ${end.other ?? key(String(other))}\n  endpoint: ${endpoint}\n  allowed ips: ${allowed}\n  latest handshake: 40 seconds ago\n  transfer: 10.20 KiB received, 9 B sent\n`;
  const folder = `nodes/n${number}`;
  return [
    [
      `${folder}/ip-addr.txt`,
      [
        "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo",
        `2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500\n    link/ether 52:54:00:00:00:0${number} brd ff:ff:ff:ff:ff:ff\n    inet 192.168.0.${number}/24 scope global eth0`,
        `3: wireguard.cali: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1440\n    link/none\n    inet 10.9.0.${number}/32 scope global wireguard.cali`,
        `4: own: <BROADCAST,UP,LOWER_UP> mtu 1500\n    inet 10.0.${number}.1/24 scope global own\n`,
      ].join("\n"),
    ],
    [
      `${folder}/ip-route.txt`,
      [
        `192.168.0.0/24 dev eth0 proto kernel scope link src 192.168.0.${number}`,
        `10.0.${other}.0/24 dev wireguard.cali table 1 scope link`,
        `10.9.0.${other} dev wireguard.cali table 1 scope link`,
        `10.77.0.0/16 dev wireguard.cali table 1 scope link`,
        `local 10.0.${number}.1 dev own table local scope host src 10.0.${number}.1`,
        `local 10.9.0.${number} dev wireguard.cali table local scope host src 10.9.0.${number}`,
        `local 192.168.0.${number} dev eth0 table local scope host src 192.168.0.${number}\n`,
      ].join("\n"),
    ],
    [
      `${folder}/ip-rule.txt`,
      "0:\tfrom all lookup local\n99:\tnot from all fwmark 0x100000/0x100000 lookup 1\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n",
    ],
    [
      `${folder}/iptables-legacy-save.txt`,
      `*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${end.rules ?? ""}COMMIT\n`,
    ],
    [`${folder}/sysctl.txt`, "net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.wireguard/cali.rp_filter = 0\n"],
    [`${folder}/sockets.txt`, "udp UNCONN 0 0 0.0.0.0:51820 0.0.0.0:*\nudp UNCONN 0 0 0.0.0.0:53 0.0.0.0:*\n"],
    ...(end.allowed === null ? [] : [[`${folder}/wg-show.txt`, wg] as const]),
  ];
}

function ask(first: End, second: End, packet: object = {}) {
  const { network, findings } = readSnapshot({ name: "wg", files: new Map([...node(1, first), ...node(2, second)]) });
  expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
  const whole = { host: "n1", src: "10.0.1.1", dst: "10.0.2.1", proto: "udp", dport: 53, length: 10, ...packet };
  const asked = parsePacketLine(JSON.stringify(whole), { file: "test", line: 1 });
  if ("findings" in asked) throw new Error(asked.findings[0]?.message);
  const said = createPacketSession(network).ask(asked.question);
  if ("findings" in said) throw new Error(said.findings[0]?.message);
  const run = said.answer.branches[0]?.run;
  const journey = run?.journeys[run.first];
  const end = journey?.end ?? null;
  const steps = run?.steps.get(journey?.id ?? -1) ?? [];
  return {
    end,
    ending: end?.ending ?? null,
    steps,
    answer: said.answer,
    answers: run?.journeys.slice(run.first + 1) ?? [],
  };
}

describe("WireGuard", () => {
  it("carries a packet to the peer that is allowed its destination, in UDP with the device's mark", () => {
    const { end, steps, answer } = ask({}, {});
    expect([end?.host, end?.interface, end?.ending.outcome]).toEqual(["n2", "wireguard.cali", "delivered"]);
    const wrapped = steps.find(({ kind }) => kind === "encapsulate");
    const outer = steps.find((step) => step.kind === "transmit" && step.interface === "eth0");
    expect(wrapped?.kind).toBe("encapsulate");
    if (outer?.kind !== "transmit") throw new Error("it did not leave");
    // 20 + 8 + 10 bytes are padded to 48, and 32 come on top of them.
    expect(outer.packet).toMatchObject({ protocol: 17, sport: 51820, dport: 51820, df: false, payloadLength: 80 });
    expect(formatAddress(outer.packet.src)).toBe("192.168.0.1");
    expect(answer.assumptions.map(({ code }) => code)).toContain("wireguard-unverified");
  });

  it("is answered through the tunnel, and nobody answers a sealed packet itself", () => {
    const { answer } = ask({}, {}, { proto: "icmp", answers: true });
    const run = answer.branches[0]?.run;
    expect(run?.journeys.map(({ kind, end }) => [kind, end?.host, end?.ending.outcome])).toEqual([
      ["request", "n2", "delivered"],
      ["echo-reply", "n1", "delivered"],
    ]);
    const untold = ask({}, { allowed: null }, { answers: true });
    expect(untold.answers).toEqual([]);
  });

  it("refuses what no peer is allowed, and tells the sender", () => {
    const { ending, answers } = ask({}, {}, { dst: "10.77.0.1" });
    expect(ending).toMatchObject({ outcome: "rejected", error: "ENOKEY" });
    expect(ending?.text).toBe("no peer of wireguard.cali is allowed 10.77.0.1");
    expect(answers.map(({ packet }) => [packet.icmpType, packet.icmpCode])).toEqual([[3, 1]]);
  });

  it("refuses what is for a peer without an endpoint", () => {
    expect(ask({ endpoint: "(none)" }, {}).ending).toMatchObject({ outcome: "rejected", error: "EDESTADDRREQ" });
  });

  it("takes the longest of the allowed prefixes", () => {
    const { ending } = ask({ allowed: "10.0.0.0/8" }, {});
    expect(ending?.outcome).toBe("delivered");
  });

  it("drops at the other end what the sender is not allowed to send", () => {
    const { end } = ask({}, { allowed: "10.9.0.1/32" });
    expect([end?.host, end?.ending.outcome]).toEqual(["n2", "dropped"]);
    expect(end?.ending.text).toBe("wireguard.cali allows its peer no packets from 10.0.1.1");
  });

  it.each([
    [{ own: key("X") }, `it is sealed for ${key("2")}, which is not the key of wireguard.cali`],
    [{ other: key("X") }, `the sender's key ${key("1")} is that of no peer of wireguard.cali`],
  ] as const)("is for the ends that know each other's keys", (second, text) => {
    expect(ask({}, second).ending).toMatchObject({ outcome: "dropped", text });
  });

  it("is subject to the rules that its UDP packets meet", () => {
    expect(ask({}, { rules: "-A INPUT -p udp -m udp --dport 51820 -j DROP\n" }).ending).toMatchObject({
      outcome: "dropped",
      reason: "NETFILTER_DROP",
    });
    const marked = ask({ rules: "-A OUTPUT -p udp -m mark --mark 0x100000 -j DROP\n" }, {});
    expect(marked.end?.host).toBe("n1");
    expect(marked.ending?.reason).toBe("NETFILTER_DROP");
  });

  it.each([
    [{ allowed: null }, {}, "n1"],
    [{}, { allowed: null }, "n2"],
  ] as const)("is where the answer ends without wg show of one end", (first, second, host) => {
    const { end } = ask(first, second);
    expect([end?.host, end?.ending.outcome, end?.ending.text]).toEqual([
      host,
      "left",
      "into the tunnel wireguard.cali: wg show was not collected",
    ]);
  });
});

describe("wg show", () => {
  const ADDRESS = fc.tuple(fc.nat(0xffffffff), fc.integer({ min: 0, max: 32 }));
  const peer = fc.record({
    endpoint: fc.option(fc.tuple(fc.nat(0xffffffff), fc.integer({ min: 1, max: 65535 }))),
    allowed: fc.uniqueArray(ADDRESS, { maxLength: 4 }),
  });

  it("is read alike as a list and as a dump", () => {
    fc.assert(
      fc.property(fc.array(peer, { maxLength: 4 }), fc.nat(65535), fc.nat(0xff), (peers, port, mark) => {
        const words = peers.map(({ endpoint, allowed }, index) => ({
          key: key("abcd"[index] ?? "e"),
          endpoint: endpoint === null ? null : `${formatAddress(ipv4(endpoint[0]))}:${endpoint[1]}`,
          allowed: allowed.map(([word, length]) => `${formatAddress(ipv4(word))}/${length}`),
        }));
        const list = [
          "interface: wg0",
          `  public key: ${key("Z")}`,
          ...(port === 0 ? [] : [`  listening port: ${port}`]),
          ...(mark === 0 ? [] : [`  fwmark: 0x${mark.toString(16)}`]),
          ...words.flatMap((one) => [
            "",
            `peer: ${one.key}`,
            ...(one.endpoint === null ? [] : [`  endpoint: ${one.endpoint}`]),
            `  allowed ips: ${one.allowed.join(", ") || "(none)"}`,
          ]),
        ].join("\n");
        const dump = [
          ["wg0", "cHJpdmF0ZQ==", key("Z"), port, mark === 0 ? "off" : `0x${mark.toString(16)}`],
          ...words.map((one) => [
            "wg0",
            one.key,
            "(none)",
            one.endpoint ?? "(none)",
            one.allowed.join(",") || "(none)",
            0,
            0,
            0,
            "off",
          ]),
        ]
          .map((columns) => columns.join("\t"))
          .join("\n");
        const read = (text: string) => {
          const { devices, findings } = readWireguard(text, "wg-show.txt", originTable());
          expect(findings).toEqual([]);
          const device = devices.get("wg0");
          return {
            ...device,
            peers: device?.peers.map(({ origin: _, ...one }) => ({ ...one, allowed: one.allowed.map(formatPrefix) })),
          };
        };
        expect(read(list)).toEqual(read(dump));
        expect(read(list).peers).toHaveLength(peers.length);
      }),
    );
  });

  it("reports what it is not, and survives any text", () => {
    const { findings } = readWireguard(
      "peer: x\ninterface: wg0\n  endpoint: 1.2.3.4:5\npeer: y\n  allowed ips: here\nhm\n",
      "wg-show.txt",
      originTable(),
    );
    expect(findings.map(({ code, line }) => `${code} ${line}`)).toEqual([
      "unknown-line 1",
      "unknown-line 3",
      "unreadable-address 5",
      "unknown-line 6",
    ]);
    fc.assert(
      fc.property(
        fc.string(),
        (text) => readWireguard(`interface: wg0\n${text}`, "f", originTable()).devices.size >= 1,
      ),
    );
  });
});
