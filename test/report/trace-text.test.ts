import { describe, expect, test } from "vitest";
import { type Ink, PLAIN_INK } from "../../src/report/ink.ts";
import { traceText } from "../../src/report/trace-text.ts";
import { ask, filterOfN2, twoNodes } from "./two-nodes.ts";

const PLAIN = { ink: PLAIN_INK, verbose: false };

function trace(
  files: Readonly<Record<string, string>>,
  port: number,
  style: { readonly ink: Ink; readonly verbose: boolean } = PLAIN,
): string {
  const { asked, answer } = ask(twoNodes(files), { from: "node/n1", to: "node/n2", port }, style.verbose);
  return traceText(asked, answer, style);
}

const OPEN = [":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]"];

describe("the human trace", () => {
  test("begins with who asks whom and what came of it", () => {
    expect(trace({}, 22).split("\n").slice(0, 3)).toEqual([
      "connect tcp/22: node/n1 (10.0.0.1) → node/n2 (10.0.0.2)",
      "✓ answered (connected to 10.0.0.2 port 22, data both ways)",
      "  the request was delivered on n2 eth0",
    ]);
  });

  test("names the rule that drops, with the chains that lead there, its text and its line", () => {
    const text = trace(
      filterOfN2(
        ...OPEN,
        ":guard - [0:0]",
        ":inner - [0:0]",
        "-A INPUT -p tcp -j guard",
        "-A guard -j inner",
        "[7:420] -A inner -p tcp -m tcp --dport 22 -j DROP",
      ),
      22,
    );
    expect(text).toContain("✗ timeout");
    expect(text).toContain("  ✗ INPUT       INPUT → guard → inner: dropped by filter inner rule 1\n");
    expect(text).toContain("                -A inner -p tcp -m tcp --dport 22 -j DROP\n");
    expect(text).toContain("                nodes/n2/iptables-save.txt:9\n");
  });

  test("shows a policy that drops with its counters", () => {
    const text = trace(filterOfN2(":INPUT DROP [39:2340]", ...OPEN.slice(1), "-A INPUT -i lo -j ACCEPT"), 22);
    expect(text).toContain("dropped by the policy of filter INPUT");
    expect(text).toContain(":INPUT DROP [39:2340]");
    expect(text).toContain("nodes/n2/iptables-save.txt:2; of its 1 rule none decided");
  });

  test("shows a reject and the error on its way back", () => {
    const text = trace(filterOfN2(...OPEN, "-A INPUT -p tcp -j REJECT --reject-with icmp-port-unreachable"), 22);
    expect(text).toContain("✗ refused (Connection refused)");
    expect(text).toContain("rejected by filter INPUT rule 1");
    expect(text).toContain("The ICMP error from n2 to 10.0.0.1 (n1)");
  });

  test("keeps quiet about rules that match and let the packet go on, and counts them", () => {
    const marks = Array.from({ length: 12 }, () => "-A INPUT -j MARK --set-xmark 0x1/0x1");
    const text = trace(filterOfN2(...OPEN, ...marks), 22);
    expect(text).toContain("12 rules matched, accepted by the policy of filter INPUT");
    expect(text).not.toContain("MARK");
  });

  describe("of thousands of copies, which TEE sends to the host itself", () => {
    const copies = {
      "nodes/n2/iptables-save.txt":
        "*mangle\n:INPUT ACCEPT [0:0]\n-A INPUT -p icmp -j TEE --gateway 10.0.0.2\nCOMMIT\n",
    };
    const pinged = (from: string): readonly string[] => {
      const { asked, answer } = ask(twoNodes(copies), { from, to: "node/n2" });
      return traceText(asked, answer, PLAIN).split("\n");
    };

    test("tells those that end alike once, and how many they are", () => {
      const lines = pinged("node/n1");
      expect(lines.length).toBeLessThan(120);
      expect(lines.join("\n")).toMatch(
        /The copy from n2 to 10\.0\.0\.2 \(n2\) was delivered on n2 lo \([\d,]+ times\)/,
      );
    });

    test("says that the exchange never ends, and what it is made of", () => {
      const lines = pinged("node/n2");
      expect(lines.length).toBeLessThan(120);
      expect(lines.slice(1, 5).join(" ")).toMatch(
        /answered .* the exchange never ends: podpath gave up after 1\d,\d{3} packets +\(copy: \d+,\d{3}, +echo reply: \d+, request: 1\)/,
      );
    });
  });

  test("tells every evaluated rule when asked to, also those that did not match", () => {
    const rules = filterOfN2(...OPEN, "-A INPUT -p udp -j DROP", "-A INPUT -p tcp -j ACCEPT");
    const text = trace(rules, 22, { ink: PLAIN_INK, verbose: true });
    expect(text).toMatch(/no match\s+filter -A INPUT -p udp -j DROP\n/);
    expect(text).toMatch(/ACCEPT\s+filter -A INPUT -p tcp -j ACCEPT\n/);
  });

  test("shows an address translation under the hook where it happens, with the rule that asked for it", () => {
    const text = trace(
      {
        "nodes/n1/iptables-save.txt":
          "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n" +
          "-A OUTPUT -d 10.0.0.2/32 -p tcp -m tcp --dport 2222 -j DNAT --to-destination 10.0.0.2:22\nCOMMIT\n",
      },
      2222,
    );
    expect(text).toContain("DNAT        destination 10.0.0.2:2222 becomes 10.0.0.2:22");
    expect(text).toContain("nodes/n1/iptables-save.txt:6");
  });

  test("says what the sender could not even send", () => {
    const text = trace({ "nodes/n1/ip-route.txt": "10.9.0.0/24 dev eth0 scope link\n" }, 22);
    expect(text).toContain("✗ unreachable (connect: Network is unreachable)");
    expect(text).toContain("the request never left n1: no route (ENETUNREACH)");
  });

  test("says where a packet left the machines that were dumped", () => {
    const { asked, answer } = ask(twoNodes(), { from: "node/n1", to: "192.0.2.7" });
    const text = traceText(asked, answer, PLAIN);
    expect(text).toContain("left the dumped machines over eth0 of n1 towards 10.0.0.254");
    expect(text).toContain("route       default via 10.0.0.254 dev eth0");
  });

  test("lists what it rests on, with the command that would tell", () => {
    const text = trace({}, 22);
    expect(text).toContain("Assumed\n");
    expect(text).toContain("to know it there: ");
  });

  test("tells what is assumed of thousands of machines in a line for each kind, and with verbose in full", () => {
    const { asked, answer } = ask(twoNodes(), { from: "node/n1", to: "node/n2" });
    const assumptions = Array.from({ length: 2000 }, (_, i) => [
      {
        host: `w${i}`,
        code: "assumed-sysctl" as const,
        part: "sysctls" as const,
        detail: `net.ipv4.conf.all.rp_filter=0, net.ipv4.conf.cali${i}.rp_filter=0`,
        otherwise: 1,
      },
      {
        host: `w${i}`,
        code: "neighbour-resolves" as const,
        part: "neighbours" as const,
        detail: `10.0.0.${i} resolves to w${i}`,
        otherwise: 1,
      },
    ]).flat();
    const many = { ...answer, assumptions };
    const assumed = traceText(asked, many, PLAIN).split("Assumed\n")[1]?.replaceAll(/\s+/g, " ") ?? "";
    expect(assumed).toContain("~ w0, w1, w2, w3 and 1996 more: net.ipv4.conf.*.rp_filter=0 [assumed-sysctl]");
    expect(assumed).toMatch(/w3 and 1996 more: 10\.0\.0\.0 resolves to w0; .* and 1994 more \[neighbour-resolves\]/);
    expect(assumed.match(/~/g)).toHaveLength(2);
    const full = traceText(asked, many, { ink: PLAIN_INK, verbose: true });
    expect(full).toContain("net.ipv4.conf.cali1999.rp_filter=0");
    expect(full).toContain("10.0.0.1999 resolves to w1999");
  });

  test("tells apart the branches of a random choice, with their probabilities", () => {
    const text = trace(
      filterOfN2(...OPEN, "-A INPUT -p tcp -m statistic --mode random --probability 0.25000000000 -j DROP"),
      22,
    );
    expect(text).toContain("it depends on chance");
    expect(text).toMatch(/Branch \d of \d, probability 25%/);
  });

  test("marks the deciding line with colour where there is colour", () => {
    const shout: Ink = { ...PLAIN_INK, bad: (line) => `<${line}>` };
    const text = trace(filterOfN2(":INPUT DROP [0:0]", ...OPEN.slice(1)), 22, { ink: shout, verbose: false });
    expect(text).toContain("<dropped by the policy of filter INPUT>");
    expect(text).toContain("<:INPUT DROP [0:0]>");
  });

  test("fits into 80 columns", () => {
    const rules = filterOfN2(
      ...OPEN,
      ":KUBE-A-CHAIN-WITH-A-LONG-NAME - [0:0]",
      '-A INPUT -p tcp -m comment --comment "a comment that is much longer than anything that fits into one line of a terminal" -j KUBE-A-CHAIN-WITH-A-LONG-NAME',
      "-A KUBE-A-CHAIN-WITH-A-LONG-NAME -s 10.0.0.1/32 -d 10.0.0.2/32 -i eth0 -p tcp -m tcp --dport 22 -j DROP",
    );
    for (const verbose of [false, true]) {
      for (const line of trace(rules, 22, { ink: PLAIN_INK, verbose }).split("\n")) {
        expect([...line].length, line).toBeLessThanOrEqual(80);
      }
    }
  });
});
