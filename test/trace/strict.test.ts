import { describe, expect, it } from "vitest";
import { parsePacketLine } from "../../src/trace/packet-question.ts";
import { createPacketSession } from "../../src/trace/packet-session.ts";
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
