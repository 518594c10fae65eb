import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { runScenario } from "../../../src/analysis/run-scenario.ts";
import { readFolder } from "../../../src/cli/read-files.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { readClusterFolder } from "../../../src/readers/cluster/read-cluster.ts";
import { readScenario } from "../../../src/readers/scenario/read-scenario.ts";
import { folder, podpath } from "../../cli/command.ts";
import { ROOT } from "../../docs/root.ts";

/** kubeadm's configuration, the operator's Installation, a policy about the API server, two Deployments, a Service. */
const CLUSTER = join(ROOT, "examples/three-nodes/cluster");
const CAPTURE = join(ROOT, "scenarios/debian-firewall-blocks-bgp/healthy");
const FILES: Readonly<Record<string, string>> = Object.fromEntries(
  ["calico", "kubeadm", "nodes", "policy", "workloads"].map((name) => [
    `${name}.yaml`,
    readFileSync(join(CLUSTER, `${name}.yaml`), "utf8"),
  ]),
);

const MADE = readClusterFolder({ name: "three-nodes", files: new Map(readFolder(CLUSTER)) });

/** Pods of their own by node, in the order of their addresses: the first of the capture's worker-1 is the first here. */
function podsOf({
  cluster,
}: typeof MADE): readonly { readonly key: string; readonly address: string; readonly node: string }[] {
  return [...cluster.pods]
    .filter(([, { hostNetwork }]) => hostNetwork !== true)
    .map(([key, { podIPs, nodeName }]) => ({ key, address: podIPs.map(formatAddress).join(), node: nodeName ?? "" }))
    .sort((x, y) => (`${x.node} ${x.address}` < `${y.node} ${y.address}` ? -1 : 1));
}

function capture(): typeof MADE {
  const files = new Map(readFolder(join(CAPTURE, "snapshot/cluster")));
  files.set("machines-nodes.yaml", FILES["nodes.yaml"] ?? "");
  return readClusterFolder({ name: "healthy", files });
}

describe("the article's cluster, of its own manifests", () => {
  test("comes up without a word, with as many pods on the same nodes as the real one", () => {
    expect(MADE.findings).toEqual([]);
    expect(podsOf(MADE).map(({ node }) => node)).toEqual(podsOf(capture()).map(({ node }) => node));
  });

  test("answers every probe as the real cluster did", () => {
    let text = readFileSync(join(CAPTURE, "scenario.yaml"), "utf8");
    const own = podsOf(MADE);
    const marked = podsOf(capture()).map((pod, i) => ({ ...pod, mark: `<${i}>` }));
    // the capture's addresses begin one later in their blocks, and hops are named by them
    for (const { key, address, mark } of marked)
      text = text
        .replaceAll(new RegExp(`pod/${key}\\b`, "g"), `pod${mark}`)
        .replaceAll(new RegExp(`${address.replaceAll(".", "\\.")}\\b`, "g"), `ip${mark}`);
    for (const [i, { mark }] of marked.entries()) {
      const { key = "", address = "" } = own[i] ?? {};
      text = text.replaceAll(`pod${mark}`, `pod/${key}`).replaceAll(`ip${mark}`, address);
    }
    const { scenario } = readScenario(text, "scenario.yaml");
    if (scenario === null) throw new Error("no scenario");
    const { probes } = runScenario(MADE.network, scenario, { traced: 0, strict: false });
    const wrong = probes.filter(({ verdict }) => verdict !== "held").map(({ probe }) => probe.name);
    expect(wrong).toEqual([]);
    expect(probes.length).toBeGreaterThan(300);
  });

  test("masquerades what leaves the cluster, and nothing between pods (natOutgoing)", async () => {
    const [left, right] = ["left", "right"].map((name) => podsOf(MADE).find(({ key }) => key.includes(name)));
    const outside = await podpath(["trace", CLUSTER, "--from", `pod/${left?.key}`, "--to", "host/internet"]);
    expect(outside.code).toBe(0);
    expect(outside.out).toMatch(/icmp 172\.16\.0\.10 > 203\.0\.113\.10 Echo Request/i);
    const inside = await podpath(["trace", CLUSTER, "--from", `pod/${left?.key}`, "--to", `pod/${right?.key}`]);
    expect(inside.out).not.toMatch(/icmp 172\.16\.0\.10 >/);
  });
});

const Place = z.object({ file: z.string().optional(), line: z.number().optional(), field: z.string().optional() });
const Chain = z.object({
  nodes: z.array(z.string()),
  chain: z.string(),
  rules: z.array(z.object({ index: z.number(), text: z.string(), cause: Place.optional() })),
});

describe("the effect of a policy's line", () => {
  const policy = (FILES["policy.yaml"] ?? "").replace(
    "    - action: Pass",
    "    - action: Deny\n      protocol: TCP\n      destination:\n        ports: [22]\n    - action: Pass",
  );
  const line = policy.split("\n").indexOf("    - action: Deny") + 1;
  const cluster = (): string => folder({ ...FILES, "policy.yaml": policy });

  test("is found in the chains that it becomes, and their rules lead back to it", async () => {
    const path = cluster();
    const { code, out } = await podpath(["explain-rule", path, "networkpolicy", "default/allow-apiserver", "--json"]);
    expect(code).toBe(0);
    const { chains } = z.object({ chains: z.array(Chain) }).parse(JSON.parse(out));
    const rules = chains.flatMap(({ chain, nodes, rules: own }) =>
      own.filter(({ cause }) => cause?.field === "spec.egress[3]").map((rule) => ({ chain, nodes, ...rule })),
    );
    expect(rules.map(({ chain, nodes }) => [chain.slice(0, 8), nodes])).toEqual([
      ["cali-po-", ["worker-1", "worker-2"]],
    ]);
    const [rule] = rules;
    expect(rule?.text).toMatch(/-p tcp .*--dports 22 -j DROP$/);
    expect(rule?.cause).toMatchObject({ file: "policy.yaml", line });
    const back = await podpath(["explain-rule", path, `filter/${rule?.chain}:${rule?.index}`, "--json"]);
    expect(back.code).toBe(0);
    const said = z.object({ chains: z.array(Chain) }).parse(JSON.parse(back.out));
    expect(said.chains.flatMap(({ rules: own }) => own.map(({ cause }) => cause))).toEqual([rule?.cause]);
  });

  test("is the verdict of the packet that meets it, and of no other", async () => {
    const path = cluster();
    const left = podsOf(MADE).find(({ key }) => key.includes("left"))?.key;
    const to = (port: number): readonly string[] => [
      "trace",
      path,
      "--from",
      `pod/${left}`,
      "--to",
      "node/worker-2",
      "--port",
      String(port),
    ];
    const { code, out } = await podpath(to(22));
    expect(code).toBe(1);
    expect(out.replaceAll(/\s+/g, " ")).toContain(
      `NetworkPolicy default/allow-apiserver (spec.egress[3]), policy.yaml:${line}`,
    );
    const { out: json } = await podpath([...to(22), "--json"]);
    expect(json.replaceAll(/\s/g, "")).toContain(`"file":"policy.yaml","line":${line},`);
    expect((await podpath(to(10250))).code).toBe(0);
  });
});
