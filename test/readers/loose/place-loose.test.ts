import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sourceOf } from "../../../src/model/origin.ts";
import { readSnapshot, type SnapshotResult } from "../../../src/readers/snapshot/read-snapshot.ts";

const ADDRESSES = (last: number): string => `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN
    inet 127.0.0.1/8 scope host lo
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP
    link/ether 02:00:00:00:00:0${last} brd ff:ff:ff:ff:ff:ff
    inet 172.16.0.1${last}/24 brd 172.16.0.255 scope global eth0
`;
const ROUTES = (last: number): string =>
  `default via 172.16.0.1 dev eth0 \n172.16.0.0/24 dev eth0 proto kernel scope link src 172.16.0.1${last} \n`;
const RULES = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";
const NODES = [1, 2]
  .map(
    (last) =>
      `apiVersion: v1\nkind: Node\nmetadata: {name: n${last}}\nstatus: {addresses: [{type: InternalIP, address: 172.16.0.1${last}}]}\n`,
  )
  .join("---\n");

type Files = Readonly<Record<string, string>>;

function read(files: Files, hostOf?: (path: string) => string | null): SnapshotResult {
  return readSnapshot({
    name: "x",
    files: new Map(Object.entries(files)),
    ...(hostOf === undefined ? {} : { hostOf }),
  });
}

function placed(result: SnapshotResult): readonly string[] {
  return result.placements.map(({ path, line, host, as }) => `${path}:${line} ${as} of ${host}`).sort();
}

const codes = (result: SnapshotResult): readonly string[] => result.findings.map(({ code }) => code);

describe("whose a dump is", () => {
  test("a prompt says it, for each command of a paste", () => {
    const result = read({
      "paste.txt": `root@n1:~# ip route\n${ROUTES(1)}root@n2:~# ip route\n${ROUTES(2)}root@n2:~# ip addr\n${ADDRESSES(2)}`,
    });
    expect(placed(result)).toEqual([
      "paste.txt:2 ip-route of n1",
      "paste.txt:5 ip-route of n2",
      "paste.txt:8 ip-addr of n2",
    ]);
    const { origins, hosts } = result.network;
    const gateway = hosts.get("n2")?.routes.find((one) => one.nextHops.some((hop) => hop.gateway !== null));
    expect(sourceOf(origins, gateway?.origin ?? 0)).toEqual({ file: "paste.txt", line: 5 });
  });

  test("addresses in it say it, where the nodes are known", () => {
    const result = read({
      "objects.txt": NODES,
      "one.txt": ROUTES(1),
      "two.txt": ROUTES(2),
      "three.txt": ADDRESSES(1),
    });
    expect(placed(result)).toEqual([
      "one.txt:1 ip-route of n1",
      "three.txt:1 ip-addr of n1",
      "two.txt:1 ip-route of n2",
    ]);
  });

  test("names say it, and files of the same name but for the kind go with them", () => {
    const result = read({
      "objects.yaml.txt": NODES,
      "n1-fw.txt": RULES,
      "backup/x-routes.txt": ROUTES(2),
      "backup/x-fw.txt": RULES,
    });
    expect(placed(result)).toEqual([
      "backup/x-fw.txt:1 iptables-save of n2",
      "backup/x-routes.txt:1 ip-route of n2",
      "n1-fw.txt:1 iptables-save of n1",
    ]);
  });

  test("without any of that two machines' dumps are named as their files are", () => {
    const result = read({ "w1-fw.txt": RULES, "w2-fw.txt": RULES, "w1-routes.txt": ROUTES(1) });
    expect(placed(result)).toEqual([
      "w1-fw.txt:1 iptables-save of w1",
      "w1-routes.txt:1 ip-route of w1",
      "w2-fw.txt:1 iptables-save of w2",
    ]);
  });

  test("one machine's dumps are taken for one machine's, and it is said", () => {
    const result = read({ "fw.txt": RULES, "routes.txt": ROUTES(1), "a.log": ADDRESSES(1) });
    expect([...result.network.hosts.keys()]).toEqual(["node"]);
    expect(codes(result)).toContain("one-machine-assumed");
  });

  test("a dump that may be of two machines is asked about, and --host settles it", () => {
    const files = { "objects.txt": NODES, "n1-fw.txt": RULES, "n2.txt": ADDRESSES(2), "a.txt": RULES, "b.txt": RULES };
    const open = read(files);
    const asked = open.findings.filter(({ code }) => code === "host-unknown");
    expect(asked.map(({ file }) => file)).toEqual(["a.txt", "b.txt"]);
    expect(asked[0]?.advice).toContain("--host 'a.txt=");
    const told = read(files, (path) => (path === "a.txt" ? "n2" : path === "b.txt" ? "gw" : null));
    expect(placed(told)).toContain("a.txt:1 iptables-save of n2");
    // a machine that is no node of the cluster
    expect(placed(told)).toContain("b.txt:1 iptables-save of host/gw");
  });

  test("what was printed in a namespace of nobody knows whom is no node's", () => {
    const result = read({
      "paste.txt": `root@n1:~# ip a\n${ADDRESSES(1)}root@n1:~# ip netns exec cni-1 ip r\n${ROUTES(1)}`,
    });
    expect(placed(result)).toEqual(["paste.txt:2 ip-addr of n1"]);
    expect(result.findings.find(({ code }) => code === "host-unknown")?.message).toContain("namespace");
  });

  test("a pod on its node's network is the node; another pod is itself", () => {
    const pods = `apiVersion: v1\nkind: Pod\nmetadata: {name: calico-node-1, namespace: kube-system}\nspec: {nodeName: n1, hostNetwork: true}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {nodeName: n1}\nstatus: {podIP: 192.168.1.2}\n`;
    const result = read({
      "objects.txt": `${NODES}---\n${pods}`,
      "paste.txt": `$ kubectl exec -n kube-system calico-node-1 -- ip route\n${ROUTES(1)}$ kubectl exec -n shop web -- ip route\ndefault via 169.254.1.1 dev eth0 \n169.254.1.1 dev eth0 scope link \n`,
      "n1-addr.txt": ADDRESSES(1),
    });
    expect(placed(result)).toContain("paste.txt:2 ip-route of n1");
    expect(placed(result)).toContain("paste.txt:5 ip-route of pod/shop/web");
  });
});

describe("two dumps of one kind", () => {
  test("the newer one counts, whatever the files are called", () => {
    const rules = (date: string, rule: string): string =>
      `# Generated by iptables-save v1.8.9 on ${date}\n*filter\n:INPUT ACCEPT [0:0]\n${rule}COMMIT\n`;
    const result = read({
      "n1/a-fw.txt": rules("Sat Feb 15 10:00:00 2025", ""),
      "n1/b-fw.txt": rules("Sat Feb 15 09:00:00 2025", "-A INPUT -j DROP\n-A INPUT -j ACCEPT\n"),
      "n1/ip-addr.txt": ADDRESSES(1),
    });
    const twice = result.findings.filter(({ code }) => code === "same-dump-twice");
    expect(twice).toEqual([
      expect.objectContaining({ file: "n1/b-fw.txt", message: expect.stringContaining("newer"), severity: "warning" }),
    ]);
  });

  test("else the one that says more", () => {
    const result = read({ "n1/x.txt": ROUTES(1), "n1/y.txt": `${ROUTES(1)}10.0.0.0/8 via 172.16.0.9 dev eth0 \n` });
    expect(result.findings.find(({ code }) => code === "same-dump-twice")?.file).toBe("n1/x.txt");
  });
});

test("a file of a machine's folder with a name of its own is read there", () => {
  const result = read({ "nodes/n1/ip-addr.txt": ADDRESSES(1), "nodes/n1/routing.log2": ROUTES(1) });
  expect(placed(result)).toEqual(["nodes/n1/routing.log2:1 ip-route of n1"]);
  expect(result.network.hosts.get("n1")?.routes.length).toBeGreaterThan(1);
});

test("the order of the files does not matter", () => {
  const files: readonly (readonly [string, string])[] = [
    ["objects.txt", NODES],
    ["n1-fw.txt", RULES],
    ["paste.txt", `root@n1:~# ip route\n${ROUTES(1)}root@n2:~# ip addr\n${ADDRESSES(2)}`],
    ["x.txt", ADDRESSES(1)],
    ["y.txt", ROUTES(2)],
    ["z.txt", RULES],
    ["n2/hostname", "n2\n"],
    ["n2/fw", RULES],
  ];
  const told = (order: readonly (readonly [string, string])[]): unknown => {
    const result = readSnapshot({ name: "x", files: new Map(order) });
    return [result.placements, result.findings, [...result.network.hosts.keys()]];
  };
  const expected = told(files);
  fc.assert(
    fc.property(fc.shuffledSubarray([...files], { minLength: files.length }), (order) => {
      expect(told(order)).toEqual(expected);
    }),
    { numRuns: 40 },
  );
});

test("no text makes placing throw, and each file is placed, told of, or an object", () => {
  const text = fc.oneof(
    fc.string(),
    fc
      .array(fc.constantFrom("root@n1:~# ip route", "$ ip a", "== n2 ==", ROUTES(1), ADDRESSES(2), RULES, "x", NODES), {
        maxLength: 8,
      })
      .map((parts) => parts.join("\n")),
  );
  const path = fc.constantFrom(
    "a.txt",
    "n1/x",
    "nodes/n1/odd.txt",
    "diagnostics/ipv4_route",
    "hostname",
    "deep/er/b.log",
  );
  fc.assert(
    fc.property(fc.dictionary(path, text), (files) => {
      const result = read(files);
      const told = new Set([
        ...result.placements.map((one) => one.path),
        ...result.findings.map((finding) => finding.file),
        ...result.recognised.map((one) => one.path),
      ]);
      for (const file of Object.keys(files)) {
        if (file !== "hostname") expect([...told], file).toContain(file);
      }
    }),
    { numRuns: 150 },
  );
});
