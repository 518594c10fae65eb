import { describe, expect, test } from "vitest";
import { felixContext } from "../../../src/calico/felix/felix-context.ts";
import { felixOfNode } from "../../../src/calico/felix/felix-of-node.ts";
import { rulePrefix } from "../../../src/calico/felix/flow-logs.ts";
import { restoreText } from "../../../src/calico/felix/restore-text.ts";
import { memberNet } from "../../../src/calico/felix/set-members.ts";
import { originTable } from "../../../src/model/origin.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";
import { declaredNode } from "./declared-node-fixture.ts";

const pod = (annotations: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, annotations: {${annotations}}}\nspec: {nodeName: n}\nstatus: {podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}]}\n`;
const felix = (spec: string): string =>
  `---\napiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: {name: default}\nspec: {${spec}}\n`;
const POLICY =
  "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web, namespace: shop}\nspec: {podSelector: {}, ingress: [{ports: [{port: 80}]}]}\n";

/** Rules of chains of a beginning, without hashes, as Felix spells them. */
function rules(text: string, calico: string, chain: RegExp): readonly string[] {
  const origins = originTable();
  const { cluster } = buildCluster(readResources(text, "x.yaml", origins).resources);
  const node = declaredNode("n");
  const versions = { calico, kubernetes: "v1.31.3" };
  const context = felixContext(cluster, [node], { tunnels: new Map() }, versions, origins);
  return felixOfNode(node, context)
    .ipv4.map(restoreText)
    .join("")
    .split("\n")
    .filter((line) => line.startsWith("-A ") && chain.test(line.split(" ")[1] ?? ""))
    .map((line) => line.replace(/^-A \S+ /, "").replace(/-m comment --comment "[^"]*" ?/g, ""));
}

describe("a pod with limits", () => {
  const text = pod("qos.projectcalico.org/ingressPacketRate: 1k, qos.projectcalico.org/egressMaxConnections: '7'");

  test("loses packets over its rate before all else, and has connections over their number reset", () => {
    expect(rules(text, "v3.30.4", /^cali-tw-/).slice(0, 5)).toEqual([
      "--jump MARK --set-mark 0/0x80000",
      "-m limit --limit 1000/sec --jump MARK --set-mark 0x80000/0x80000",
      "-m mark ! --mark 0x80000/0x80000 --jump DROP",
      "--jump MARK --set-mark 0/0x80000",
      "-m conntrack --ctstate RELATED,ESTABLISHED --jump ACCEPT",
    ]);
    expect(rules(text, "v3.30.4", /^cali-fw-/).slice(0, 3)).toEqual([
      "-m conntrack --ctstate RELATED,ESTABLISHED --jump ACCEPT",
      "-m conntrack --ctstate INVALID --jump DROP",
      "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m connlimit --connlimit-above 7 --connlimit-mask 0 -j REJECT --reject-with tcp-reset",
    ]);
  });

  test("has none in releases that do not know them, or where they are no quantities", () => {
    expect(rules(text, "v3.29.2", /^cali-[tf]w-/).join("\n")).not.toMatch(/limit/);
    const wrong = pod("qos.projectcalico.org/ingressPacketRate: fast");
    expect(rules(wrong, "v3.30.4", /^cali-[tf]w-/).join("\n")).not.toMatch(/limit/);
  });
});

describe("a pod with bursts", () => {
  const limit = (annotations: string, calico: string): string | undefined =>
    rules(pod(annotations), calico, /^cali-fw-/).find((line) => line.startsWith("-m limit"));
  const rate = "qos.projectcalico.org/egressPacketRate: '50'";

  test("may send as many packets at once, five where it does not say", () => {
    const burst = "qos.projectcalico.org/egressPacketBurst: '200'";
    expect(limit(`${rate}, ${burst}`, "v3.31.2")).toMatch(/--limit 50\/sec --limit-burst 200 /);
    expect(limit(rate, "v3.31.2")).toMatch(/--limit 50\/sec --limit-burst 5 /);
    expect(limit(burst, "v3.31.2")).toBeUndefined();
  });

  test("has no more than the kernel can count", () => {
    const much = "qos.projectcalico.org/egressPacketRate: 1M, qos.projectcalico.org/egressPacketBurst: 20k";
    expect(limit(much, "v3.32.0")).toMatch(/--limit 10000\/sec --limit-burst 10000 /);
  });
});

describe("an Istio mesh in ambient mode", () => {
  const member = (name: string, address: string, labels: string, namespace = "mesh"): string =>
    `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: ${namespace}, labels: {${labels}}}\nspec: {nodeName: n}\nstatus: {podIP: ${address}, podIPs: [{ip: ${address}}]}\n`;
  const text =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: mesh, labels: {istio.io/dataplane-mode: ambient}}\n" +
    member("in", "10.0.0.1", "") +
    member("out", "10.0.0.2", "istio.io/dataplane-mode: none") +
    member("stranger", "10.0.0.3", "", "shop") +
    member("guest", "10.0.0.4", "istio.io/dataplane-mode: ambient", "shop");

  const marking = (calico: string, spec: string): readonly string[] =>
    rules(text + felix(spec), calico, /^cali-POSTROUTING$/).filter((line) => line.includes("istio"));

  test("has new connections between its pods marked, since v3.32", () => {
    const rule =
      "-p tcp -m conntrack --ctstate NEW --out-interface cali+ -m set --match-set cali40all-istio-weps dst -m set --match-set cali40all-istio-weps src --jump DSCP --set-dscp";
    expect(marking("v3.32.0", "istioAmbientMode: Enabled")).toEqual([`${rule} 23`]);
    expect(marking("v3.32.0", "istioAmbientMode: Enabled, istioDSCPMark: AF41")).toEqual([`${rule} 34`]);
    expect(marking("v3.32.0", "istioAmbientMode: Disabled")).toEqual([]);
    expect(marking("v3.31.2", "istioAmbientMode: Enabled")).toEqual([]);
  });

  test("is a set of the pods that have the label or whose namespace has it, but for those that opt out", () => {
    const origins = originTable();
    const all = text + felix("istioAmbientMode: Enabled");
    const { cluster } = buildCluster(readResources(all, "x.yaml", origins).resources);
    const versions = { calico: "v3.32.0", kubernetes: "v1.34.0" };
    const context = felixContext(cluster, [declaredNode("n")], { tunnels: new Map() }, versions, origins);
    const set = felixOfNode(declaredNode("n"), context).findSet("cali40all-istio-weps");
    expect(set?.type).toBe("hash:ip");
    expect(set?.members.map((one) => formatPrefix(memberNet(one)))).toEqual(["10.0.0.1/32", "10.0.0.4/32"]);
  });
});

describe("flow logs", () => {
  const on = felix('flowLogsGoldmaneServer: "goldmane:7443"');
  const nflog = (lines: readonly string[]): readonly string[] => lines.filter((line) => line.includes("NFLOG"));

  test("copy what policies, ends of tiers and profiles decide about, each with a name of its own", () => {
    const text = pod("") + POLICY + on;
    expect(nflog(rules(text, "v3.31.2", /^cali-pi-/))).toEqual([
      "-m mark --mark 0x10000/0x10000 --jump NFLOG --nflog-group 1 --nflog-prefix API0|shop/knp.default.web --nflog-size 80",
    ]);
    expect(nflog(rules(text, "v3.32.1", /^cali-pi-/))).toEqual([
      "-m mark --mark 0x10000/0x10000 --jump NFLOG --nflog-group 1 --nflog-prefix API0|knp/shop/web --nflog-size 80",
    ]);
    expect(nflog(rules(text, "v3.31.2", /^cali-tw-/))).toEqual([
      "-m mark --mark 0/0x20000 --jump NFLOG --nflog-group 1 --nflog-prefix DPI|default --nflog-size 80",
      "--jump NFLOG --nflog-group 1 --nflog-prefix DRI --nflog-size 80",
    ]);
    expect(nflog(rules(text, "v3.31.2", /^cali-pro-kns/))).toEqual([
      "-m mark --mark 0x10000/0x10000 --jump NFLOG --nflog-group 2 --nflog-prefix ARE0|kns.shop --nflog-size 80",
    ]);
  });

  test("are off where nobody takes them, and before v3.30", () => {
    expect(nflog(rules(pod("") + POLICY, "v3.31.2", /./))).toEqual([]);
    expect(nflog(rules(pod("") + POLICY + on, "v3.29.2", /./))).toEqual([]);
    expect(nflog(rules(pod("") + POLICY + felix("flowLogsLocalReporter: Enabled"), "v3.31.2", /./))).not.toEqual([]);
  });

  test("shorten names that are too long, keeping both ends", () => {
    const prefix = rulePrefix("deny", "policy", "egress", 12, `shop/${"a".repeat(60)}z`);
    expect(prefix).toMatch(/^DPE12\|shop_[\w-]{41}_a{9}z$/);
    expect(prefix).toHaveLength(63);
  });
});
