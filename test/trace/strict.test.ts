import { describe, expect, it } from "vitest";
import { parsePacketLine } from "../../src/trace/packet-question.ts";
import { createPacketSession } from "../../src/trace/packet-session.ts";
import { askProbe, prepareProbe } from "../../src/trace/probe.ts";
import type { Answer } from "../../src/trace/result.ts";
import { filterOfN2, read, twoNodes } from "../report/two-nodes.ts";

const NO_RULES = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";

/** Everything a dump can tell of n2 but its sysctls. */
const TOLD = {
  "nodes/n2/iptables-nft-save.txt": NO_RULES,
  "nodes/n2/iptables-legacy-save.txt": "",
  "nodes/n2/nft-ruleset.txt": "table inet empty {\n}\n",
  "nodes/n2/conntrack.txt": "",
};

/** A packet that arrives on n2, from a machine that n2 would not answer over eth0 when `elsewhere`. */
function arrives(files: Readonly<Record<string, string>>, strict: boolean, elsewhere: boolean): Answer {
  const routes = `10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2\n10.9.0.0/16 ${elsewhere ? "dev lo" : "via 10.0.0.254 dev eth0"}\n`;
  const { network } = read(twoNodes({ "nodes/n2/ip-route.txt": routes, ...files }));
  const packet = { host: "n2", interface: "eth0", src: "10.9.1.1", dst: "10.0.0.2", proto: "tcp", dport: 22 };
  const parsed = parsePacketLine(JSON.stringify(packet), { file: "test", line: 1 });
  if ("findings" in parsed) throw new Error("not a packet");
  const asked = createPacketSession(network).ask(parsed.question, { strict });
  if ("findings" in asked) throw new Error("not asked");
  return asked.answer;
}

/** n2's program on port 22 is sent so many bytes by n1 over a way on which no more than 1000 fit, and of which nobody is told. */
function sends(size: number, files: Readonly<Record<string, string>> = {}): Answer {
  const address = (device: string, number: number, network: number, last: number, mtu: number): string =>
    `${number}: ${device}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu ${mtu} state UP\n    link/ether 52:54:00:00:0${network}:0${last} brd ff:ff:ff:ff:ff:ff\n    inet 10.0.${network}.${last}/24 scope global ${device}\n`;
  const route = (device: string, network: number, last: number): string =>
    `10.0.${network}.0/24 dev ${device} proto kernel scope link src 10.0.${network}.${last}\n`;
  const { network } = read({
    "snapshot.yaml":
      "apiVersion: podpath/v1\nfabric:\n  segments:\n    - {name: left, members: [n1:eth0, r:in0]}\n    - {name: right, members: [r:out0, n2:eth0]}\n",
    ...Object.fromEntries(
      ["n1", "r", "n2"].flatMap((node) =>
        Object.entries(TOLD).map(([name, text]) => [name.replace("n2", node), text] as const),
      ),
    ),
    "nodes/n1/ip-addr.txt": address("eth0", 2, 0, 2, 1500),
    "nodes/n1/ip-route.txt": `default via 10.0.0.1 dev eth0\n${route("eth0", 0, 2)}`,
    "nodes/r/ip-addr.txt": address("in0", 2, 0, 1, 1500) + address("out0", 3, 1, 1, 1000),
    "nodes/r/ip-route.txt": route("in0", 0, 1) + route("out0", 1, 1),
    "nodes/r/iptables-nft-save.txt": NO_RULES.replace("COMMIT", "-A OUTPUT -p icmp -j DROP\nCOMMIT"),
    "nodes/n2/ip-addr.txt": address("eth0", 2, 1, 2, 1500),
    "nodes/n2/ip-route.txt": `default via 10.0.1.1 dev eth0\n${route("eth0", 1, 2)}`,
    "nodes/n2/sockets.txt": "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\n",
    ...files,
  });
  const probe = { from: "node/n1", to: "node/n2", kind: "connect", protocol: null, port: 22, sport: null } as const;
  const prepared = prepareProbe(network, { ...probe, size, df: false });
  if ("findings" in prepared) throw new Error(JSON.stringify(prepared.findings));
  return askProbe(network, prepared.probe, { strict: true });
}

function questions(answer: Answer): readonly string[] {
  return answer.unknowns.map(({ question }) => question);
}

describe("--strict", () => {
  it("keeps an answer certain where no value of an assumed setting changes it", () => {
    const plain = arrives(TOLD, false, false);
    const strict = arrives(TOLD, true, false);
    expect(plain.certainty).toBe("certain");
    expect(strict.certainty).toBe("certain");
    expect(strict.assumptions.map(({ detail }) => detail).join()).toContain("rp_filter=0");
    expect(strict.assumptions).toEqual(plain.assumptions);
  });

  it("makes an assumed setting an unknown where another value changes the answer", () => {
    expect(arrives(TOLD, false, true).certainty).toBe("certain");
    const strict = arrives(TOLD, true, true);
    expect(strict.certainty).toBe("uncertain");
    expect(questions(strict).join()).toContain("net.ipv4.conf.eth0.rp_filter=0");
    expect(strict.unknowns.map(({ command }) => command)).toEqual(["sysctl -a"]);
    expect(strict.assumptions.map(({ detail }) => detail).join()).not.toContain("rp_filter");
  });

  it("goes by the dump where it tells the setting", () => {
    const files = {
      ...TOLD,
      "nodes/n2/sysctl.txt": "net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 2\n",
    };
    expect(questions(arrives(files, true, true)).join()).not.toContain("rp_filter");
  });

  it("asks whether segments have DF where one that is too long for its way is lost", () => {
    const doubt = "net.ipv4.ip_no_pmtu_disc=0";
    expect(sends(1400).branches.some(({ run }) => run.report?.result === "timeout")).toBe(true);
    expect(questions(sends(1400)).join()).toContain(`n1: ${doubt}`);
    expect(questions(sends(100)).join()).not.toContain(doubt);
    const told = sends(1400, { "nodes/n1/sysctl.txt": "net.ipv4.ip_no_pmtu_disc = 0\n" });
    expect(questions(told).join()).not.toContain(doubt);
  });

  it("takes rules that nobody dumped for rules that may drop the packet", () => {
    const { "nodes/n2/iptables-legacy-save.txt": _, ...without } = TOLD;
    const strict = arrives(without, true, false);
    expect(strict.certainty).toBe("uncertain");
    expect(questions(strict)).toEqual(["n2 has no rules in the other iptables backend"]);
  });

  it("takes a connection table that nobody dumped for one that may know the packet", () => {
    const { "nodes/n2/conntrack.txt": _, ...without } = TOLD;
    const rules = {
      "nodes/n2/iptables-nft-save.txt":
        filterOfN2("-A INPUT -m conntrack --ctstate NEW -j ACCEPT")["nodes/n2/iptables-save.txt"] ?? "",
    };
    expect(questions(arrives({ ...TOLD, ...rules }, true, false))).toEqual([]);
    expect(questions(arrives({ ...without, ...rules }, true, false))).toEqual(["no earlier connections on n2"]);
  });
});
