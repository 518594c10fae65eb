import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { errorsAgainst } from "../schemas/validate.ts";
import { folder, type Outcome, podpath } from "./command.ts";

/** What INTERFACES promises to other programs: commands, options, exit codes, files, fields. */

const machine = (name: string, last: number, rules = ""): Readonly<Record<string, string>> => ({
  [`nodes/${name}/ip-addr.txt`]: `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP\n    link/ether 02:00:00:00:00:0${last} brd ff:ff:ff:ff:ff:ff\n    inet 10.0.0.${last}/24 scope global eth0\n`,
  [`nodes/${name}/ip-route.txt`]: `10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.${last}\n`,
  [`nodes/${name}/iptables-save.txt`]: `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules}COMMIT\n`,
  [`nodes/${name}/sockets.txt`]: "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\n",
});

const SNAPSHOT = { ...machine("n1", 1), ...machine("n2", 2, "-A INPUT -p tcp -m tcp --dport 80 -j DROP\n") };
const PROBE = ["--from", "node/n1", "--to", "node/n2"];
const SCENARIO = `apiVersion: podpath/v1
kind: Scenario
metadata: {name: two-nodes}
title: Two nodes
symptom: none
network: {snapshot: .}
timeline:
  - at: 10s
    change: {exec: {host: "n*", command: "iptables -A OUTPUT -p icmp -j DROP"}}
probes:
  - name: before
    from: node/n1
    to: node/n2
    kind: ping
    at: 5s
    expect: {result: answered, outcome: delivered, at: {host: n2, interface: eth0}, via: [], certainty: certain}
  - name: after
    from: node/n1
    to: node/n2
    kind: ping
    expect: {result: HELD, outcome: dropped, at: {host: n1, hook: OUTPUT, table: filter, chain: OUTPUT, index: 1}, reason: NETFILTER_DROP}
  - name: hops
    from: node/n1
    to: node/n2
    kind: traceroute
    at: 5s
    expect: {hops: [10.0.0.2]}
expectations: []
fixes:
  - name: allow
    changes: [{exec: {host: "n*", command: "iptables -D OUTPUT 1"}}]
    expect: {after: {result: answered}}
lesson: none
`;
const scenario = (result: string): string => folder({ ...SNAPSHOT, "scenario.yaml": SCENARIO.replace("HELD", result) });
const snapshot = (more: Readonly<Record<string, string>> = {}): string => folder({ ...SNAPSHOT, ...more });
const manifests = async (): Promise<string> => {
  const path = join(folder({ "keep.txt": "" }), "cluster");
  await podpath(["init", path]);
  return path;
};

const everything = async (): Promise<string> => {
  const path = await manifests();
  return readdirSync(path)
    .map((name) => readFileSync(join(path, name), "utf8"))
    .join("---\n");
};

/** A command line of each command, with where it reads from. */
const COMMANDS: readonly (readonly [name: string, args: () => Promise<readonly string[]>])[] = [
  ["run", async () => ["run", scenario("timeout")]],
  ["trace", async () => ["trace", snapshot(), ...PROBE]],
  ["probe", async () => ["probe", snapshot({ "p.jsonl": PACKET }), "--packets", "-"]],
  ["check", async () => ["check", snapshot()]],
  ["render", async () => ["render", snapshot()]],
  ["collect", async () => ["collect"]],
  ["explain", async () => ["explain", "unknown-line"]],
  ["explain-rule", async () => ["explain-rule", await manifests(), "cali-FORWARD"]],
  ["bird", async () => ["bird", await manifests()]],
  ["birdc", async () => ["birdc", await manifests(), "worker-1", "show", "status"]],
  ["ipam show", async () => ["ipam", "show", await manifests()]],
  ["ipam check", async () => ["ipam", "check", await manifests()]],
];
const PACKET = '{"id":"7","host":"n1","dst":"10.0.0.2","proto":"tcp","dport":22}\n';

describe.each(COMMANDS)("podpath %s", (_name, line) => {
  it("understands the options that all commands have, and prints the result on stdout alone", async () => {
    const args = await line();
    const plain = await podpath(args, PACKET);
    expect([plain.code, plain.err.match(/defect/)]).toEqual([0, null]);
    expect(plain.out).not.toBe("");
    const file = join(folder({}), "result");
    const written = await podpath([...args, "-o", file, "--quiet"], PACKET);
    expect([written.code, written.out, existsSync(file)]).toEqual([0, "", true]);
    expect(readFileSync(file, "utf8")).toBe(plain.out);
    const strictly = await podpath([...args, "--color", "never", "--strict", "--strict-input"], PACKET);
    expect([0, 2, 3]).toContain(strictly.code);
    expect((await podpath([...args, "--color", "sometimes"], PACKET)).code).toBe(2);
    expect((await podpath([...args, "--help"])).code).toBe(0);
  });
});

describe("podpath … --json", () => {
  it.each(COMMANDS.filter(([name]) => name !== "collect"))("prints JSON: %s", async (_name, line) => {
    const { out } = await podpath([...(await line()), "--json"], PACKET);
    expect(() => out.trim().split("\n}\n").length > 0 && JSON.parse(out)).not.toThrow();
  });
});

describe("exit codes", () => {
  const code = async (args: readonly string[], stdin = ""): Promise<number> => (await podpath(args, stdin)).code;

  it("are 0 where the probe got through, 1 where not, 3 where it depends, 2 where nothing could be asked", async () => {
    const path = snapshot();
    expect(await code(["trace", path, ...PROBE, "--port", "22"])).toBe(0);
    expect(await code(["trace", path, ...PROBE, "--port", "80"])).toBe(1);
    expect(await code(["trace", path, "--from", "node/n1", "--to", "203.0.113.1"])).toBe(1);
    const open = snapshot({ "nodes/n2/sockets.txt": "" });
    expect(await code(["trace", folder(without(SNAPSHOT, "nodes/n2/sockets.txt")), ...PROBE, "--port", "22"])).toBe(3);
    expect(await code(["trace", open, ...PROBE, "--port", "nonsense"])).toBe(2);
    expect(await code(["trace", join(path, "nowhere"), ...PROBE])).toBe(2);
    expect(await code(["nonsense"])).toBe(2);
  });

  it("of run follow the expectations, of check the severity that is asked for", async () => {
    expect(await code(["run", scenario("timeout")])).toBe(0);
    expect(await code(["run", scenario("answered")])).toBe(1);
    const warned = snapshot({ "nodes/n1/ip-rule.txt": "0:\tfrom all lookup local\nwhat is this\n" });
    expect(await code(["check", warned, "--fail-on", "warning"])).toBe(1);
    expect(await code(["check", warned, "--fail-on", "never"])).toBe(0);
    expect(await code(["trace", warned, ...PROBE, "--strict-input"])).toBe(2);
  });
});

function without(files: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(files).filter(([path]) => path !== name));
}

describe("kinds of networks", () => {
  it.each([
    ["one dump", () => join(snapshot(), "nodes/n1/iptables-save.txt")],
    ["a file of manifests", async () => join(folder({ "all.yaml": await everything() }), "all.yaml")],
    ["a folder of manifests", manifests],
    ["a scenario", () => scenario("timeout")],
    ["a scenario's file", () => join(scenario("timeout"), "scenario.yaml")],
    ["a snapshot", snapshot],
  ] as const)("check takes %s", async (_name, path) => {
    const { code, err } = await podpath(["check", await path(), "--fail-on", "never"]);
    expect([code, err]).toEqual([0, expect.not.stringContaining("error:")]);
  });

  it("check takes a dump from standard input", async () => {
    expect(
      (await podpath(["check", "-", "--fail-on", "never"], SNAPSHOT["nodes/n2/iptables-save.txt"] ?? "")).code,
    ).toBe(0);
  });
});

describe("files of a snapshot", () => {
  const NAMES =
    "iptables-save ip6tables-save iptables-legacy-save iptables-nft-save ip6tables-legacy-save ip6tables-nft-save nft-ruleset ip-addr ip-link ip-route ip-route-v6 ip-rule ip-rule-v6 ip-neigh bridge-fdb ipset-save ipset-list sysctl conntrack conntrack-list sockets nstat conntrack-stats birdc-protocols birdc-route birdc6-protocols birdc6-route calico-node-status versions";

  it("are known by name, in a node's folder, in a pod's and in another machine's, with and without extension", async () => {
    const places = ["nodes/n1", "nodes/n1/netns/default_web", "hosts/gw"];
    const files = NAMES.split(" ").flatMap((name) =>
      places.flatMap((place) => [`${place}/${name}`, `${place}/${name}.txt`]),
    );
    const extra = [...files, "nodes/n1/bird.cfg", "hosts/gw/nft-ruleset.json", "hosts/gw/ip-addr.json", "index.json"];
    const { out } = await podpath([
      "check",
      folder(Object.fromEntries(extra.map((path) => [path, "{}\n"]))),
      "--json",
      "--fail-on",
      "never",
    ]);
    expect(out).not.toMatch(/"unknown-file"/);
  });
});

describe("packets of probe", () => {
  const FIELDS: Readonly<Record<string, unknown>> = {
    host: "n1",
    src: "10.0.0.1",
    dst: "10.0.0.2",
    proto: "tcp",
    sport: 4000,
    dport: 22,
    flags: "S",
    ttl: 9,
    tos: 8,
    df: true,
    length: 0,
    seq: 1,
    ack: 0,
    mark: 1,
    uid: 0,
    raw: true,
    fresh: false,
    empty: true,
    at: 1,
    answers: true,
    bindInterface: "eth0",
  };

  it("take every field, and answer each in its place by a result of the promised shape", async () => {
    const icmp = { host: "n1", dst: "10.0.0.2", proto: "icmp", icmpType: 8, icmpCode: 0, icmpId: 7, icmpSeq: 1 };
    const arriving = { host: "n2", interface: "eth0", src: "10.0.0.1", dst: "10.0.0.2", smac: "02:00:00:00:00:01" };
    const frame = { ...arriving, dmac: "02:00:00:00:00:02", proto: "tcp", dport: 80 };
    const quoting = {
      ...arriving,
      proto: "icmp",
      icmpType: 3,
      icmpInner: { src: "10.0.0.2", dst: "10.0.0.1", proto: "udp" },
    };
    const packets = [FIELDS, { id: "e", ...icmp, fresh: true }, { replyTo: "e" }, frame, quoting, { dst: "x" }];
    const lines = packets.map((packet) => JSON.stringify(packet)).join("\n");
    const { code, out } = await podpath(["probe", snapshot(), "--packets", "-"], lines);
    const results = out
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect([code, results.length]).toEqual([2, packets.length]);
    for (const result of results.slice(0, -1)) {
      expect(errorsAgainst("result", result)).toEqual([]);
      expect(result).toMatchObject({ branches: [expect.objectContaining(BRANCH)] });
    }
    expect(results.at(-1)).toMatchObject({
      findings: expect.arrayContaining([expect.objectContaining({ code: "bad-packet-field" })]),
    });
  });

  const SOME: unknown = expect.anything();
  const BRANCH = {
    probability: 1,
    conditions: [],
    count: 1,
    outcome: SOME,
    at: expect.objectContaining({ host: SOME }),
    packet: expect.objectContaining({ src: SOME, dst: SOME, proto: SOME, ttl: SOME, free: SOME }),
    responses: SOME,
    steps: SOME,
  };
});

describe("a probe's options", () => {
  const asked = (...args: readonly string[]): Promise<Outcome> => podpath(["trace", snapshot(), ...PROBE, ...args]);

  it.each([
    ["--kind ping", "ping:"],
    ["--kind connect --port 22", "connect tcp/22"],
    ["--kind request --port 53", "request udp/53"],
    ["--kind traceroute", "traceroute"],
    ["--proto tcp --port 22", "connect tcp/22"],
    ["--proto udp --port 53", "request udp/53"],
    ["--proto icmp", "ping:"],
    ["--proto sctp --port 3868", "connect sctp/3868"],
    ["--port 22 --sport 4000 --size 10 --df", "connect tcp/22"],
  ])("%s", async (args, first) => {
    const { code, out } = await asked(...args.split(" "));
    expect(code).toBeLessThan(2);
    expect(out).toContain(first);
  });
});
