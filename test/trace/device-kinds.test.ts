import { describe, expect, it } from "vitest";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";
import { parsePacketLine } from "../../src/trace/packet-question.ts";
import { createPacketSession } from "../../src/trace/packet-session.ts";
import type { Answer } from "../../src/trace/result.ts";

/** Kinds of devices that rtnetlink knows and podpath does not model, and one that nobody knows. */
const OTHERS = [
  ..."gre gretap erspan ip6gre ip6gretap ip6erspan sit ip6tnl vti vti6 xfrm geneve bareudp gtp amt".split(" "),
  ..."ipvlan ipvtap vrf team hsr nlmon vcan can macsec netdevsim batadv lowpan rmnet virt_wifi dsa ovpn tomorrow".split(
    " ",
  ),
];

const RULES = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";

/** `other`: flags of eth0, a slave of a bond, or below another device; null: there is none. */
function filesOf(kind: string, format: "text" | "json", other: string | null): ReadonlyMap<string, string> {
  const lower = other === null || kind === "bond" ? null : "eth0";
  const text = `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00 promiscuity 0
    inet 127.0.0.1/8 scope host lo
3: dev0${lower === null ? "" : `@${lower}`}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1480 qdisc noqueue state UNKNOWN group default qlen 1000
    link/ether 52:54:00:00:01:01 brd ff:ff:ff:ff:ff:ff promiscuity 0 minmtu 0 maxmtu 0
    ${kind}
    inet 10.5.0.1/24 brd 10.5.0.255 scope global dev0
${
  other === null
    ? ""
    : `4: eth0: <BROADCAST,MULTICAST,${other}> mtu 1500 qdisc mq ${kind === "bond" ? "master dev0 " : ""}state UP group default qlen 1000
    link/ether 52:54:00:00:01:01 brd ff:ff:ff:ff:ff:ff promiscuity 0 minmtu 68 maxmtu 9000
`
}`;
  const json = JSON.stringify([
    {
      ifindex: 1,
      ifname: "lo",
      flags: ["LOOPBACK", "UP", "LOWER_UP"],
      mtu: 65536,
      link_type: "loopback",
      addr_info: [],
    },
    {
      ifindex: 3,
      ifname: "dev0",
      ...(lower === null ? {} : { link: lower }),
      flags: ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
      mtu: 1480,
      operstate: "UNKNOWN",
      link_type: "ether",
      address: "52:54:00:00:01:01",
      promiscuity: 0,
      linkinfo: { info_kind: kind },
      addr_info: [{ family: "inet", local: "10.5.0.1", prefixlen: 24, broadcast: "10.5.0.255", scope: "global" }],
    },
    ...(other === null
      ? []
      : [
          {
            ifindex: 4,
            ifname: "eth0",
            flags: ["BROADCAST", "MULTICAST", ...other.split(",")],
            mtu: 1500,
            ...(kind === "bond" ? { master: "dev0" } : {}),
            link_type: "ether",
            address: "52:54:00:00:01:01",
            promiscuity: 0,
            addr_info: [],
          },
        ]),
  ]);
  return new Map([
    format === "text" ? ["nodes/n1/ip-addr.txt", text] : ["nodes/n1/ip-addr.json", json],
    [
      "nodes/n1/ip-route.txt",
      "10.5.0.0/24 dev dev0 proto kernel scope link src 10.5.0.1\nlocal 10.5.0.1 dev dev0 table local proto kernel scope host src 10.5.0.1\n",
    ],
    [
      "nodes/n1/ip-rule.txt",
      "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n",
    ],
    ["nodes/n1/iptables-legacy-save.txt", RULES],
    ["nodes/n1/iptables-nft-save.txt", RULES],
    ["nodes/n1/nft-ruleset.txt", "table inet empty {\n}\n"],
  ]);
}

function ask(
  kind: string,
  format: "text" | "json",
  other: string | null = null,
): { readonly answer: Answer; readonly kind: string } {
  const { network } = readSnapshot({ name: "kinds", files: filesOf(kind, format, other) });
  const parsed = parsePacketLine('{"host":"n1","dst":"10.5.0.2","proto":"udp","sport":4000,"dport":53}', {
    file: "test",
    line: 1,
  });
  if ("findings" in parsed) throw new Error(parsed.findings.map(({ message }) => message).join("; "));
  const said = createPacketSession(network).ask(parsed.question, {});
  if ("findings" in said) throw new Error(said.findings.map(({ message }) => message).join("; "));
  return { answer: said.answer, kind: network.hosts.get("n1")?.interfaces.get("dev0")?.kind ?? "none" };
}

const endings = ({ branches }: Answer): readonly string[] => [
  ...new Set(branches.map(({ run }) => run.journeys[run.first]?.end?.ending.outcome ?? "none")),
];

describe.each(["text", "json"] as const)("a packet that leaves by a device, as ip says it in %s", (format) => {
  it.each(OTHERS)("of kind %s, which is not modelled: its fate is uncertain", (kind) => {
    const said = ask(kind, format);
    expect(said.kind).toBe("other");
    expect(endings(said.answer)).toEqual(["left", "dropped"]);
    expect(said.answer.certainty).toBe("uncertain");
    expect(said.answer.unknowns.map(({ code }) => code)).toEqual(["unmodelled-device"]);
  });

  it.each([
    ["macvlan", "on a card with nobody who was dumped", true, ["left"], "certain"],
    ["macvtap", "on a card with nobody who was dumped", true, ["left"], "certain"],
    ["macvlan", "on a device that was not dumped", false, ["left", "dropped"], "uncertain"],
    ["macvtap", "on a device that was not dumped", false, ["left", "dropped"], "uncertain"],
  ] as const)("of kind %s %s", (kind, _, hasLower, ends, certainty) => {
    const said = ask(kind, format, hasLower ? "UP,LOWER_UP" : null);
    expect(said.kind).toBe("macvlan");
    expect(endings(said.answer)).toEqual(ends);
    expect(said.answer.certainty).toBe(certainty);
  });

  it.each([
    ["with a slave that works", "UP,LOWER_UP", ["left"], "certain"],
    ["with a slave without carrier", "UP", ["left", "dropped"], "uncertain"],
    ["of whose slaves nothing was dumped", null, ["left", "dropped"], "uncertain"],
  ] as const)("of kind bond %s", (_, slave, ends, certainty) => {
    const said = ask("bond", format, slave);
    expect(said.kind).toBe("bond");
    expect(endings(said.answer)).toEqual(ends);
    expect(said.answer.certainty).toBe(certainty);
  });

  it("of kind tun goes into the program that holds it", () => {
    const said = ask("tun", format);
    expect(said.kind).toBe("tun");
    expect(endings(said.answer)).toEqual(["left"]);
    expect(said.answer.certainty).toBe("certain");
    const [branch] = said.answer.branches;
    expect(branch?.run.journeys[branch.run.first]?.end?.ending.text).toBe("into the program that holds dev0");
  });

  it("of kind ifb is dropped", () => {
    const said = ask("ifb", format);
    expect(endings(said.answer)).toEqual(["dropped"]);
    expect(said.answer.certainty).toBe("certain");
  });

  it("of kind dummy is gone", () => {
    const said = ask("dummy", format);
    expect(endings(said.answer)).toEqual(["dropped"]);
  });
});
