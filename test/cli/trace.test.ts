import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { twoNodes } from "../report/two-nodes.ts";
import { ARTICLE, folder, podpath } from "./command.ts";

const BLOCKED = `${ARTICLE}/bgp-blocked`;
const HEALTHY = `${ARTICLE}/healthy`;

describe("podpath trace", () => {
  test("finds where the article's ping dies, and exits 1", async () => {
    const { code, out, err } = await podpath(["trace", BLOCKED, "--from", "pod/default/a", "--to", "pod/default/c"]);
    expect(code).toBe(1);
    expect(err).toBe("");
    expect(out).toContain("✗ timeout (100% packet loss)");
    const words = out.replaceAll(/\s+/g, " ");
    expect(words).toContain("the request was rejected on host/gw: no route to the destination (IP_INNOROUTES)");
    expect(out).toContain("nodes/worker-1/ip-route.txt:1");
    expect(words).toContain("worker-1 has no route of its own for 192.168.133.193, which is pod/default/c on worker-2");
    expect(out).toContain("its ICMP error never left host/gw: no route (ENETUNREACH)");
  });

  test("exits 0 when the probe gets through", async () => {
    const { code, out } = await podpath(["trace", HEALTHY, "--from", "pod/default/a", "--to", "pod/default/c"]);
    expect(code).toBe(0);
    expect(out).toContain("✓ answered");
  });

  test("takes the snapshot folder as well as the scenario", async () => {
    const { code } = await podpath([
      "trace",
      `${BLOCKED}/snapshot`,
      "--from",
      "pod/default/a",
      "--to",
      "pod/default/b",
    ]);
    expect(code).toBe(0);
  });

  test("finds the line that drops the BGP connection", async () => {
    const args = ["trace", BLOCKED, "--from", "node/control-plane", "--to", "node/worker-1", "--port", "179", "--json"];
    const { code, out } = await podpath(args);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      certainty: "certain",
      branches: [
        {
          outcome: "dropped",
          result: "timeout",
          at: { host: "worker-1", interface: "eth0", hook: "INPUT" },
          rule: {
            chain: "INPUT",
            index: 0,
            text: expect.stringMatching(/^:INPUT DROP \[\d+:\d+\]$/),
            source: { file: "nodes/worker-1/iptables-nft-save.txt", line: 51 },
          },
        },
      ],
    });
  });

  test("answers about a lone iptables-save, and says what it does not know", async () => {
    const dump =
      "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n";
    const packet = '{"interface":"eth0","src":"203.0.113.7","dst":"10.0.0.1","proto":"tcp","dport":80}';
    const { out } = await podpath(["trace", "-", "--packet", packet], dump);
    expect(out).toContain("the policy of filter INPUT");
    expect(out).toContain("<stdin>:2");
    expect(out).toContain("Unknown\n  ? where does node route 10.0.0.1?");
  });

  test("of a lone dump knows more when told what to suppose", async () => {
    const dump =
      "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n";
    const packet =
      '{"interface":"eth0","src":"203.0.113.7","dst":"10.0.0.1","proto":"tcp","dport":80,"assume":{"route":"local"}}';
    const { code, out } = await podpath(["trace", "-", "--packet", packet, "--json"], dump);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ certainty: "certain", branches: [{ outcome: "dropped" }] });
  });

  test("exits 3 when it depends on something unknown", async () => {
    const { "nodes/n2/sockets.txt": _, ...files } = twoNodes();
    const { code, out } = await podpath(["trace", folder(files), "--from", "n1", "--to", "n2", "--port", "80"]);
    expect(code).toBe(3);
    expect(out).toContain("? uncertain");
    expect(out).toContain("to know it: ss -H -lntup");
  });

  test("exits 1 when it fails whatever the unknowns are", async () => {
    const { "nodes/n2/sockets.txt": _, ...files } = twoNodes({
      "nodes/n2/iptables-save.txt": "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n",
    });
    const { code } = await podpath(["trace", folder(files), "--from", "n1", "--to", "n2", "--port", "80"]);
    expect(code).toBe(1);
  });

  test("with --strict an answer that rests on an assumption that matters is uncertain", async () => {
    const path = folder(twoNodes());
    const args = ["trace", path, "--from", "n1", "--to", "n2", "--json"];
    expect((await podpath(args)).code).toBe(0);
    const { code, out } = await podpath([...args, "--strict"]);
    expect(code).toBe(3);
    expect(JSON.parse(out)).toMatchObject({
      certainty: "uncertain",
      unknowns: expect.arrayContaining([expect.objectContaining({ command: "iptables-legacy-save -c" })]),
    });
  });

  test("with --pcap writes a capture whose interfaces are those of the way", async () => {
    const path = folder(twoNodes());
    const file = join(path, "way.pcapng");
    const { code } = await podpath(["trace", path, "--from", "n1", "--to", "n2", "--pcap", file]);
    expect(code).toBe(0);
    const written = readFileSync(file);
    expect(written.readUInt32LE(0)).toBe(0x0a0d0d0a);
    for (const name of ["n1:eth0", "n2:eth0"]) expect(written.includes(name)).toBe(true);
    const nowhere = await podpath(["trace", path, "--from", "n1", "--to", "n2", "--pcap", join(path, "no/way")]);
    expect(nowhere.code).toBe(2);
    expect(nowhere.err).toContain("Give --pcap a file in a folder that exists");
  });

  test("with --strict-input a finding is an error", async () => {
    const path = folder({
      ...twoNodes(),
      "nodes/n1/ip-neigh.txt": "10.0.0.9 dev eth0 lladdr 52:54:00:00:00:09 REACHABLE\nwhat is this line\n",
    });
    expect((await podpath(["trace", path, "--from", "n1", "--to", "n2"])).code).toBe(0);
    const { code, err } = await podpath(["trace", path, "--from", "n1", "--to", "n2", "--strict-input"]);
    expect(code).toBe(2);
    expect(err).toContain("nodes/n1/ip-neigh.txt:2");
  });

  test("writes its result to a file and nothing to stdout", async () => {
    const path = folder(twoNodes());
    const { out } = await podpath(["trace", path, "--from", "n1", "--to", "n2", "-o", `${path}/trace.txt`]);
    expect(out).toBe("");
    const { readFileSync } = await import("node:fs");
    expect(readFileSync(`${path}/trace.txt`, "utf8")).toContain("✓ answered");
  });

  test("colours only when asked to, or on a terminal", async () => {
    const args = ["trace", folder(twoNodes()), "--from", "n1", "--to", "n2"];
    expect((await podpath(args)).out).not.toContain("\u001b[");
    expect((await podpath([...args, "--color", "always"])).out).toContain("\u001b[");
  });
});

describe("podpath probe", () => {
  test("answers each line with a line, in order, and judges by the outcome", async () => {
    const path = folder({
      ...twoNodes(),
      "packets.jsonl":
        '{"id":"1","host":"n1","dst":"10.0.0.2"}\n\n{"id":"2","host":"n1","dst":"10.0.0.2","proto":"tcp","dport":22}\n',
    });
    const { code, out } = await podpath(["probe", path, "--packets", `${path}/packets.jsonl`]);
    const lines = out
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(lines).toMatchObject([
      { id: "1", branches: [{ outcome: "delivered", result: null }] },
      { id: "2", branches: [{ outcome: "delivered", socket: "open" }] },
    ]);
    expect(code).toBe(0);
  });

  test("a wrong line keeps its place, is told with its number, and does not stop the others", async () => {
    const lines =
      '{"id":"1","host":"n1","dst":"10.0.0.2"}\n{"id":"2","host":"n9","dst":"10.0.0.2"}\nnot json\n{"id":"4","host":"n1","dst":"10.0.0.2"}\n';
    const { code, out, err } = await podpath(["probe", folder(twoNodes()), "--packets", "-"], lines);
    expect(code).toBe(2);
    expect(out.trim().split("\n")).toHaveLength(4);
    expect(out.trim().split("\n")[3]).toContain('"outcome":"delivered"');
    expect(err).toContain("<stdin>:2: ");
    expect(err).toContain("Did you mean n1 or n2?");
    expect(err).toContain("<stdin>:3: ");
  });

  test("exits 1 when a packet is not delivered", async () => {
    const files = twoNodes({
      "nodes/n2/iptables-save.txt": "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n",
    });
    const { code } = await podpath(["probe", folder(files), "--packets", "-"], '{"host":"n1","dst":"10.0.0.2"}\n');
    expect(code).toBe(1);
  });

  test("what became of a packet that left the dumped machines is unknown", async () => {
    const { code } = await podpath(
      ["probe", folder(twoNodes()), "--packets", "-"],
      '{"host":"n1","dst":"192.0.2.1"}\n',
    );
    expect(code).toBe(3);
  });
});
