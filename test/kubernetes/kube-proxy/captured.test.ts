import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { restoreText } from "../../../src/calico/felix/restore-text.ts";
import { kubeProxyOfNode } from "../../../src/kubernetes/kube-proxy/kube-proxy-of-node.ts";
import { originTable } from "../../../src/model/origin.ts";
import { printRule } from "../../../src/readers/iptables/print.ts";
import { readIptablesSave } from "../../../src/readers/iptables/save.ts";
import { proxied, proxiedNode } from "./proxied.ts";

const SNAPSHOT = new URL("../../../scenarios/debian-firewall-blocks-bgp/healthy/snapshot/", import.meta.url);

function file(path: string): string {
  return readFileSync(new URL(path, SNAPSHOT), "utf8");
}

/** The rules about kube-proxy's and the kubelet's chains, by `table chain`. */
function kubernetesRules(text: string): ReadonlyMap<string, readonly string[]> {
  const { rulesets } = readIptablesSave({ text, file: "rules", family: 4, backend: "nft" }, originTable());
  const chains = new Map<string, readonly string[]>();
  for (const ruleset of rulesets) {
    for (const table of ruleset.tables.values()) {
      for (const chain of table.chains.values()) {
        const lines = chain.rules.map((rule) => printRule({ ...rule, counters: null }, 4));
        const own = chain.name.startsWith("KUBE-") ? lines : lines.filter((line) => line.includes("-j KUBE-"));
        if (chain.name.startsWith("KUBE-") || own.length > 0) chains.set(`${table.name} ${chain.name}`, own);
      }
    }
  }
  return chains;
}

const RESOURCES = ["services", "endpointslices", "configmap-kube-proxy", "nodes"]
  .map((name) => file(`cluster/${name}.yaml`))
  .join("\n---\n");

for (const [node, address] of [
  ["worker-1", "172.16.0.10/24"],
  ["control-plane", "172.16.0.9/24"],
] as const) {
  test(`rendered from the captured Services, ${node} has the chains of its dump`, () => {
    const { ipv4 } = kubeProxyOfNode(proxiedNode(node, address), proxied(RESOURCES).context);
    const rendered = kubernetesRules(ipv4.map(restoreText).join(""));
    const dumped = kubernetesRules(file(`nodes/${node}/iptables-nft-save.txt`));
    expect([...rendered.keys()].sort()).toEqual([...dumped.keys()].sort());
    for (const [chain, lines] of dumped) {
      // the capture's stand-in for kube-proxy put its jumps to KUBE-FIREWALL first; with a kubelet they are below
      const unordered = chain === "filter INPUT" || chain === "filter OUTPUT";
      const wanted = unordered ? [...lines].sort() : lines;
      const ours = rendered.get(chain) ?? [];
      expect({ chain, lines: unordered ? [...ours].sort() : ours }).toEqual({ chain, lines: wanted });
    }
  });
}
