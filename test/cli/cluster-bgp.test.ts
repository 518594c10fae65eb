import { describe, expect, test } from "vitest";
import { folder, podpath } from "./command.ts";

const pod = (node: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: on-${node}, namespace: shop}\nspec: {nodeName: ${node}}\n`;
const POOL =
  "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: pool}\nspec: {cidr: 192.168.0.0/16, natOutgoing: true}\n";
const HARD = `*filter
:INPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp --dport 22 -j ACCEPT
COMMIT
`;

interface Machines {
  /** Rules of n1 and n2 of their own. */
  readonly n1?: string;
  readonly n2?: string;
  readonly pool?: string;
  readonly more?: string;
}

function cluster({ n1 = "", n2 = "", pool = POOL, more = "" }: Machines): string {
  const node = (name: string, address: string, rules: string): string =>
    `  ${name}: {addresses: [${address}/24]${rules === "" ? "" : `, firewall: ${name}.rules`}}\n`;
  return folder({
    "nodes.yaml": `apiVersion: podpath/v1\nkind: ClusterNodes\nversions: {calico: v3.29.2, kubernetes: v1.31.3}\ndefaults: {gateway: 172.16.0.1}\nnodes:\n${node("n1", "172.16.0.11", n1)}${node("n2", "172.16.0.12", n2)}`,
    "pool.yaml": pool,
    "pods.yaml": `${pod("n1")}---\n${pod("n2")}`,
    ...(more === "" ? {} : { "more.yaml": more }),
    ...(n1 === "" ? {} : { "n1.rules": n1 }),
    ...(n2 === "" ? {} : { "n2.rules": n2 }),
  });
}

const PING = ["--from", "pod/shop/on-n1", "--to", "pod/shop/on-n2"];
const words = (text: string): string => text.replaceAll(/\s+/g, " ");

describe("routes of a cluster of manifests", () => {
  test("are taken for granted in a mesh of hundreds, without making a configuration of BIRD for each node", async () => {
    const path = folder({});
    const size = ["--nodes", "250", "--pods", "1", "--encapsulation", "IPIP", "--pool", "10.128.0.0/9"];
    expect((await podpath(["init", path, ...size])).code).toBe(0);
    const started = process.cpuUsage();
    const ask = ["trace", path, "--from", "node/worker-1", "--to", "node/worker-2"];
    const [byItself, assumed] = [await podpath(ask), await podpath([...ask, "--bgp", "assume"])];
    // 62,250 ends of sessions, whose configurations are not made
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(12);
    expect([byItself.code, byItself.out]).toEqual([assumed.code, assumed.out]);
  });

  test("come over BGP sessions, and name session and pool", async () => {
    const { code, out } = await podpath(["trace", cluster({}), ...PING]);
    expect(code).toBe(0);
    expect(words(out)).toMatch(
      /via 172\.16\.0\.12 dev eth0 proto bird BGP session Mesh_172_16_0_12 with 172\.16\.0\.12 \(n2\); IPPool pool/,
    );
    expect(out).not.toContain("bgp-settled");
  });

  test("are missing where the rules of both ends take no SYN to 179, and the trace says which rule and what would help", async () => {
    const path = cluster({ n1: HARD, n2: HARD });
    const { code, out } = await podpath(["trace", path, ...PING]);
    expect(code).toBe(1);
    expect(words(out)).toContain("n1 has no route to");
    expect(words(out)).toMatch(/BGP n1–n2 \(172\.16\.0\.12\) is down/);
    expect(words(out)).toMatch(
      /SYN to 172\.16\.0\.1[12] \(n[12]\) port 179 was dropped on n[12] in INPUT by the policy of filter INPUT, n[12]\.rules:2/,
    );
    expect(words(out)).toMatch(/to let it up: iptables -I INPUT -p tcp --dport 179 -j ACCEPT on n[12]/);
    const { out: json } = await podpath(["trace", path, ...PING, "--json"]);
    const { missingRoutes } = JSON.parse(json);
    expect(missingRoutes).toHaveLength(1);
    expect(missingRoutes[0]).toMatchObject({ host: "n1", from: "n2" });
    expect(missingRoutes[0].sessions[0].attempts[0].source).toMatchObject({ line: 2 });
  });

  test("are there when the hint of the trace is followed", async () => {
    const { out } = await podpath(["trace", cluster({ n1: HARD, n2: HARD }), ...PING]);
    const host = /ACCEPT on (n[12])/.exec(words(out))?.[1];
    const repaired = HARD.replace("COMMIT", "-I INPUT -p tcp --dport 179 -j ACCEPT\nCOMMIT");
    expect(host).toBeDefined();
    const path = host === "n1" ? cluster({ n1: repaired, n2: HARD }) : cluster({ n1: HARD, n2: repaired });
    expect((await podpath(["trace", path, ...PING])).code).toBe(0);
  });

  test("are missing where nftables' own rules take no SYN to 179; the rule of nft that is named lets them up", async () => {
    const chain = (...rules: readonly string[]): string =>
      `table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n${rules.map((rule) => `\t\t${rule}\n`).join("")}\t}\n}\n`;
    const hard = chain("ct state established,related accept", 'iif "lo" accept', "tcp dport 22 accept");
    const { code, out } = await podpath(["trace", cluster({ n1: hard, n2: hard }), ...PING]);
    expect(code).toBe(1);
    expect(words(out)).toMatch(/dropped on n[12] in INPUT by the policy of inet filter input, n[12]\.rules:2/);
    const hint = /to let it up: nft insert rule inet filter input (.*? accept) on (n[12])/.exec(words(out));
    expect(hint).not.toBeNull();
    const softer = chain(
      hint?.[1] ?? "",
      "ct state established,related accept",
      'iif "lo" accept',
      "tcp dport 22 accept",
    );
    const followed = { n1: hard, n2: hard, [hint?.[2] ?? ""]: softer };
    expect((await podpath(["trace", cluster(followed), ...PING])).code).toBe(0);
  });

  test("come all the same where only the end that dials drops SYNs, and not where it is the other", async () => {
    const codes = await Promise.all(
      ["n1", "n2"].map(async (name) => [name, (await podpath(["trace", cluster({ [name]: HARD }), ...PING])).code]),
    );
    expect(codes.filter(([, code]) => code === 0).map(([name]) => name)).toHaveLength(1);
  });

  test("are taken for granted with --bgp assume, which is said", async () => {
    const { code, out } = await podpath(["trace", cluster({ n1: HARD, n2: HARD }), ...PING, "--bgp", "assume"]);
    expect(code).toBe(0);
    expect(out).toContain("[bgp-settled]");
  });

  test("need no BGP where Felix programs them", async () => {
    const pool = POOL.replace("natOutgoing", "vxlanMode: Always, natOutgoing");
    expect((await podpath(["trace", cluster({ n1: HARD, n2: HARD, pool }), ...PING])).code).toBe(0);
  });
});

test("check names the sessions that stay down, once for each cause", async () => {
  const { code, out } = await podpath(["check", cluster({ n1: HARD, n2: HARD })]);
  expect(code).toBe(1);
  expect(out.match(/\[bgp-stays-down\]/g)).toHaveLength(1);
  expect(words(out)).toContain("To let it up: iptables -I INPUT -p tcp --dport 179 -j ACCEPT on");
  expect((await podpath(["check", cluster({})])).out).not.toContain("bgp-stays-down");
});

test("check says in BIRD's words why a session stays down whose packets get through", async () => {
  const more =
    "apiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata: {name: default}\nspec: {nodeToNodeMeshEnabled: false}\n---\napiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {name: one}\nspec: {node: n1, peerIP: 172.16.0.12, asNumber: 64512}\n---\napiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {name: other}\nspec: {node: n2, peerIP: 172.16.0.11, asNumber: 65000}\n";
  const { out } = await podpath(["check", cluster({ more })]);
  expect(words(out)).toMatch(/BGP n1–n2 \(172\.16\.0\.12\) is down \(.*Bad peer AS/);
  expect(words(out)).toContain("gets through: TCP is not what keeps the session down");
});

test("render draws the sessions as they came up", async () => {
  const sessions = async (path: string) => JSON.parse((await podpath(["render", path, "--json", "-q"])).out).sessions;
  expect(await sessions(cluster({}))).toMatchObject([{ ends: ["n1", "n2"], established: true }]);
  expect(await sessions(cluster({ n1: HARD, n2: HARD }))).toMatchObject([{ ends: ["n1", "n2"], established: false }]);
});

test("--bgp run is refused for dumps", async () => {
  const { code, err } = await podpath([
    "trace",
    "scenarios/debian-firewall-blocks-bgp/healthy",
    ...PING,
    "--bgp",
    "run",
  ]);
  expect(code).toBe(2);
  expect(err).toContain("--reconverge");
});
