import { describe, expect, it } from "vitest";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";
import { parsePacketLine } from "../../src/trace/packet-question.ts";
import { createPacketSession } from "../../src/trace/packet-session.ts";
import type { Answer } from "../../src/trace/result.ts";

/** Kinds of devices that rtnetlink knows and podpath does not model, and one that nobody knows. */
const OTHERS = [
  ..."gre gretap erspan ip6gre ip6gretap ip6erspan sit ip6tnl vti vti6 xfrm geneve bareudp gtp amt".split(" "),
  ..."ipvlan ipvtap ifb vrf team hsr nlmon vcan can macsec netdevsim batadv lowpan rmnet virt_wifi dsa ovpn tomorrow".split(
    " ",
  ),
];
/** Those that stand for hardware, or lead into programs. */
const TREATED = ["bond", "macvlan", "macvtap", "tun"];

const RULES = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";

function filesOf(kind: string, format: "text" | "json"): ReadonlyMap<string, string> {
  const text = `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00 promiscuity 0
    inet 127.0.0.1/8 scope host lo
3: dev0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1480 qdisc noqueue state UNKNOWN group default qlen 1000
    link/ether 52:54:00:00:01:01 brd ff:ff:ff:ff:ff:ff promiscuity 0 minmtu 0 maxmtu 0
    ${kind}
    inet 10.5.0.1/24 brd 10.5.0.255 scope global dev0
`;
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
      flags: ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
      mtu: 1480,
      operstate: "UNKNOWN",
      link_type: "ether",
      address: "52:54:00:00:01:01",
      promiscuity: 0,
      linkinfo: { info_kind: kind },
      addr_info: [{ family: "inet", local: "10.5.0.1", prefixlen: 24, broadcast: "10.5.0.255", scope: "global" }],
    },
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

function ask(kind: string, format: "text" | "json"): { readonly answer: Answer; readonly kind: string } {
  const { network } = readSnapshot({ name: "kinds", files: filesOf(kind, format) });
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

  it.each(TREATED)("of kind %s leaves for those behind it, of whom nobody was dumped", (kind) => {
    const said = ask(kind, format);
    expect(said.kind).toBe(kind === "macvtap" ? "macvlan" : kind);
    expect(endings(said.answer)).toEqual(["left"]);
  });

  it("of kind dummy is gone", () => {
    const said = ask("dummy", format);
    expect(endings(said.answer)).toEqual(["dropped"]);
  });
});
