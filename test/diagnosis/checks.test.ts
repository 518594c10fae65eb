import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ADDRESS_CHECK_CODES } from "../../src/model/codes/address-check-codes.ts";
import { CHECK_CODES } from "../../src/model/codes/check-codes.ts";
import { NODE_CHECK_CODES } from "../../src/model/codes/node-check-codes.ts";
import type { Finding } from "../../src/model/finding.ts";
import { ARTICLE, folder, podpath } from "../cli/command.ts";
import { CHECK_EXAMPLES } from "../codes/examples/check-examples.ts";

/** Codes of checks that `podpath check` gives, with their files. */
async function checksOf(network: string): Promise<readonly Finding[]> {
  const { out } = await podpath(["check", network, "--json"]);
  const { findings }: { findings: Finding[] } = JSON.parse(out);
  return findings.filter(({ code }) => Object.hasOwn(CODES, code));
}

const CODES = { ...CHECK_CODES, ...ADDRESS_CHECK_CODES, ...NODE_CHECK_CODES };

/** The files of an example, some of them changed. */
function changed(
  code: keyof typeof CHECK_EXAMPLES,
  changes: Readonly<Record<string, (text: string) => string>>,
): string {
  const example = CHECK_EXAMPLES[code];
  if ("library" in example) throw new Error(code);
  const files: Record<string, string> = {};
  for (const [name, content] of Object.entries({ ...example.beside, ...example.files })) {
    if (typeof content !== "string") throw new Error(name);
    const file = name.replace("cluster1/", "");
    files[file] = changes[file]?.(content) ?? content;
  }
  return folder(files);
}

describe("on what was captured from real machines", () => {
  test("nothing is found where nothing is wrong", async () => {
    expect(await checksOf(`${ARTICLE}/healthy`)).toEqual([]);
    expect(await checksOf(`${ARTICLE}/bgp-blocked-where-nothing-breaks`)).toEqual([]);
    expect(await checksOf(`${ARTICLE}/vxlan-blocked-after-calico-accept`)).toEqual([]);
  });

  test.each([
    ["bgp-blocked", "bgp-not-accepted", ["worker-1", "worker-2"]],
    ["bgp-blocked-by-reject", "bgp-dropped-by-rule", ["worker-1", "worker-2"]],
    ["forwarding-off-at-destination", "forwarding-off", ["worker-2"]],
    ["forwarding-off-at-source-cached", "forwarding-off", ["worker-1"]],
    ["no-default-route", "proxy-arp-without-route", ["worker-1"]],
    ["two-subnets-without-encapsulation", "session-without-routes", ["control-plane", "worker-1", "worker-2"]],
  ])("%s: %s", async (scenario, code, hosts) => {
    // what its sessions say for themselves has tests of its own
    const found = (await checksOf(`${ARTICLE}/${scenario}`)).filter((finding) => finding.code !== "bgp-session-down");
    expect(new Set(found.map((finding) => finding.code))).toEqual(new Set([code]));
    for (const { message } of found)
      expect(
        hosts.some((host) => message.includes(host)),
        message,
      ).toBe(true);
    expect(found.length).toBeGreaterThanOrEqual(hosts.length === 3 ? 2 : hosts.length);
  });

  test("a session that is down says what its state means, on either side", async () => {
    const down = async (scenario: string) =>
      (await checksOf(`${ARTICLE}/${scenario}`)).filter(({ code }) => code === "bgp-session-down");
    const dropped = (await down("bgp-blocked")).map(({ message }) => message).join("\n");
    expect(dropped).toMatch(/control-plane is Connect and 1 more: no answer comes to its SYN/);
    expect(dropped).toMatch(/worker-1 is Passive and 1 more: it waits to be called/);
    const rejected = (await down("bgp-blocked-by-reject")).map(({ message }) => message).join("\n");
    expect(rejected).toMatch(/control-plane is Active Socket: Connection refused and 1 more: .* a rule rejects/);
  });

  test("both lines are told, as text and as data", async () => {
    const found = (await checksOf(`${ARTICLE}/bgp-blocked-by-reject`)).find(
      (one) => one.code === "bgp-dropped-by-rule",
    );
    expect(found).toMatchObject({ file: "nodes/worker-1/iptables-nft-save.txt", line: expect.any(Number) });
    const [other] = found?.related ?? [];
    expect(other?.file).toBe("nodes/worker-1/birdc-protocols.txt");
    expect(found?.message).toContain(`(${other?.file}:${other?.line})`);
  });
});

describe("nothing is said", () => {
  test.each([
    [
      "bird-route-without-session",
      "nodes/n1/birdc-protocols.txt",
      (text: string) => text.replace("start", "up   ").replace("Connect", "Established"),
    ],
    [
      "bird-route-without-session",
      "nodes/n1/ip-route.txt",
      (text: string) => text.replace("proto bird", "proto static"),
    ],
    ["bgp-dropped-by-rule", "nodes/n1/iptables-save.txt", (text: string) => text.replace("[42:2520]", "[0:0]")],
    ["bgp-dropped-by-rule", "nodes/n1/iptables-save.txt", (text: string) => text.replace("--dport 179", "--dport 22")],
    ["bgp-dropped-by-rule", "nodes/n1/iptables-save.txt", (text: string) => text.replace("-j DROP", "-j ACCEPT")],
    ["bgp-not-accepted", "nodes/n1/iptables-save.txt", (text: string) => text.replace("--dport 22", "--dport 179")],
    ["bgp-not-accepted", "nodes/n1/iptables-save.txt", (text: string) => text.replace("[42:2520]", "[0:0]")],
    [
      "session-without-routes",
      "nodes/n1/ip-route.txt",
      (text: string) => `${text}192.168.2.0/26 via 172.16.0.12 dev eth0 proto bird\n`,
    ],
    [
      "session-without-routes",
      "nodes/n1/birdc-protocols.txt",
      (text: string) => text.replace("3 imported", "0 imported"),
    ],
    ["connection-to-dead-endpoint", "cluster/pod.yaml", (text: string) => text.replace("192.168.1.2", "192.168.1.77")],
    ["connection-to-dead-endpoint", "cluster/pool.yaml", (text: string) => text.replace("192.168.0.0", "10.0.0.0")],
    [
      "neighbour-failed",
      "nodes/n1/ip-neigh.txt",
      (text: string) => text.replace("FAILED", "lladdr 02:00:00:00:00:99 STALE"),
    ],
    ["neighbour-failed", "nodes/n1/ip-neigh.txt", (text: string) => text.replace("172.16.0.1 ", "172.16.0.77 ")],
    ["forwarding-off", "nodes/n1/sysctl.txt", (text: string) => text.replace("= 0", "= 1")],
    [
      "tunnel-mtu-too-large",
      "nodes/n1/ip-addr.txt",
      (text: string) =>
        text.replace(
          "mtu 1500 qdisc noqueue state UNKNOWN\n    link/ether 66",
          "mtu 1450 qdisc noqueue state UNKNOWN\n    link/ether 66",
        ),
    ],
    ["node-address-in-pool", "cluster/pool.yaml", (text: string) => text.replace("172.16", "172.17")],
    ["two-backends", "nodes/n1/iptables-legacy-save.txt", () => "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"],
    ["connections-dropped", "nodes/n1/conntrack-stats.txt", (text: string) => text.replaceAll("=3", "=0")],
    ["reverse-path-filtered", "nodes/n1/nstat.txt", (text: string) => text.replace("42", "0 ")],
  ] as const)("by %s where %s says otherwise (%#)", async (code, file, change) => {
    const found = await checksOf(changed(code, { [file]: change }));
    expect(found.map((finding) => finding.code)).not.toContain(code);
    expect((await checksOf(changed(code, {}))).map((finding) => finding.code)).toContain(code);
  });
});

test("whatever lines are missing, no check fails", async () => {
  const codes = Object.keys(CHECK_EXAMPLES).filter((code): code is keyof typeof CHECK_EXAMPLES =>
    Object.hasOwn(CHECK_EXAMPLES, code),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...codes), fc.infiniteStream(fc.boolean()), async (code, keeps) => {
      const example = CHECK_EXAMPLES[code];
      if ("library" in example) return;
      const thin = (text: string): string =>
        text
          .split("\n")
          .filter(() => keeps.next().value)
          .join("\n");
      const names = Object.keys(example.files).map((name) => name.replace("cluster1/", ""));
      const { code: exit } = await podpath([
        "check",
        changed(code, Object.fromEntries(names.map((name) => [name, thin]))),
      ]);
      expect([0, 1, 2]).toContain(exit);
    }),
    { numRuns: 40 },
  );
});
