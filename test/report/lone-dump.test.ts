import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folder, podpath } from "../cli/command.ts";

const HOST = "test/report/fixtures/docker-ufw.txt";

async function trace(file: string, packet: Readonly<Record<string, unknown>>, ...more: readonly string[]) {
  const { out, code } = await podpath(["trace", file, "--packet", JSON.stringify(packet), ...more]);
  return { code, out, words: out.replaceAll(/\s+/g, " "), lines: out.split("\n").length };
}

const FROM_OUTSIDE = { interface: "eth0", src: "198.51.100.7", dst: "203.0.113.10", proto: "tcp" };

describe("a lone iptables-save of a host with Docker and ufw", () => {
  test("for a packet to a closed port, tells INPUT and FORWARD apart and nothing else", async () => {
    const { code, words, lines } = await trace(HOST, { ...FROM_OUTSIDE, dport: 179 });
    expect(code).toBe(1);
    expect(words).toContain("uncertain: 2 branches with different ends");
    expect(words).toContain("it does not get through in any of them");
    expect(words).toContain("if where does node route 203.0.113.10? → to itself ✗ the packet was dropped on node");
    expect(words).toContain("by the policy of filter INPUT, test/report/fixtures/docker-ufw.txt:30");
    expect(words).toContain("by the policy of filter FORWARD, test/report/fixtures/docker-ufw.txt:31");
    // by which bridge it would leave makes no difference
    expect(words).not.toContain("docker0?");
    expect(lines).toBeLessThanOrEqual(60);
  });

  test("stays readable for a published port, where the destination is rewritten", async () => {
    const { code, words, lines } = await trace(HOST, { ...FROM_OUTSIDE, dport: 8080 });
    expect(code).toBe(3);
    expect(words).toContain("destination 203.0.113.10:8080 becomes 172.18.0.3:80");
    expect(words.match(/destination 203\.0\.113\.10:8080 becomes/g)).toHaveLength(1);
    expect(words).toContain("… up to here as in branch 1");
    expect(words).toContain("• the packet left the dumped machines over an interface of node towards 172.18.0.3");
    expect(words).not.toContain("does not get through in any");
    expect(words).toContain("does the packet leave node by br-3f1c9a7b2d4e? its routes were not dumped");
    expect(lines).toBeLessThanOrEqual(102);
  });

  test("stays readable for a container's way out, and names no interface that nobody knows", async () => {
    const packet = { interface: "br-3f1c9a7b2d4e", src: "172.18.0.3", dst: "198.51.100.9", proto: "tcp", dport: 443 };
    const { out, words, lines } = await trace(HOST, { ...packet, assume: { route: "forward" } });
    expect(lines).toBeLessThanOrEqual(90);
    expect(out).not.toContain(" ? ".repeat(2));
    expect(words).not.toContain("over ? of node");
    expect(words).not.toContain("dev ?");
    expect(words).toContain("route to another machine supposed: its routes were not dumped");
    expect(words.match(/to know it: ip route show table all/g)).toHaveLength(1);
  });

  test("says that a route is supposed, also when the packet names the interface", async () => {
    const assume = { route: "forward", outInterface: "eth0" };
    const { words } = await trace(HOST, { ...FROM_OUTSIDE, dport: 179, assume });
    expect(words).toContain("route default dev eth0 supposed: its routes were not dumped");
  });

  test("asked with --from and --to, says how to ask it", async () => {
    const { code, err } = await podpath(["trace", HOST, "--from", "node/node", "--to", "10.0.0.1"]);
    expect(code).toBe(2);
    expect(err).toContain("One dump alone is best asked with --packet");
  });

  test("with --verbose tells every branch and where each question was asked", async () => {
    const { words } = await trace(HOST, { ...FROM_OUTSIDE, dport: 179 }, "--verbose");
    expect(words).toContain("Branch 4 of 4");
    expect(words).toContain("choice where does node route 203.0.113.10? its routes were not dumped → to itself");
  });

  test("fits into 80 columns", async () => {
    for (const more of [[], ["--verbose"]]) {
      const { out } = await trace(HOST, { ...FROM_OUTSIDE, dport: 8080 }, ...more);
      for (const line of out.split("\n")) expect([...line].length, line).toBeLessThanOrEqual(90);
    }
  });
});

describe("a damaged rule", () => {
  const HEAD = "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n";
  const PACKET = {
    interface: "eth0",
    src: "10.0.0.7",
    dst: "10.0.0.8",
    proto: "tcp",
    dport: 22,
    assume: { route: "local" },
  };

  async function damaged(rules: string) {
    return trace(join(folder({ "fw.txt": HEAD + rules }), "fw.txt"), PACKET);
  }

  test("is named by its line, and the text is blamed", async () => {
    const { words, code } = await damaged("-A INPUT -p tcp garbage -j ACCEPT\nCOMMIT\n");
    expect(code).toBe(3);
    expect(words).toContain("if does the rule on line 5 of the iptables dump of node match? → it matches");
    expect(words).toContain("match? it was not understood [damaged-rule] to know it: iptables-save -c");
    expect(words).not.toContain("does not model");
  });

  test("with options cut short is one question, not one for each word", async () => {
    const { words } = await damaged("-A INPUT stray -p tcp -m tcp --dport -m mark --mark -j ACCEPT\nCOMMIT\n");
    expect(words).toContain("2 branches");
    expect(words).toContain("does the rule on line 5 of the iptables dump of node match?");
  });

  test("of which the target is lost may do anything", async () => {
    const { words } = await damaged("-A INPUT -p tcp -m tcp --dport 22 -j\nCOMMIT\n");
    expect(words).toContain("what does the rule on line 5 of the iptables dump of node do? → the packet is accepted");
    expect(words).toContain("do? → nothing");
    expect(words).not.toMatch(/"-[mj] +…?"/);
  });

  test("stands for rules that were cut off behind it", async () => {
    const { words } = await damaged("-A INPUT -p tcp -m tcp --dp\n");
    expect(words).toContain(
      "what do the rules missing at line 5 of the iptables dump of node do? the dump is cut there",
    );
  });

  test("is not confused with a match that podpath does not model", async () => {
    const { words } = await damaged("-A INPUT -p tcp -m geoip --src-cc DE -j ACCEPT\nCOMMIT\n");
    expect(words).toContain('does "-m geoip --src-cc DE" match on node? podpath does not model it');
  });
});
