import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { felixContext } from "../../../src/calico/felix/felix-context.ts";
import { felixOfNode } from "../../../src/calico/felix/felix-of-node.ts";
import { restoreText } from "../../../src/calico/felix/restore-text.ts";
import { originTable } from "../../../src/model/origin.ts";
import { parseInterfaceAddress } from "../../../src/net/prefix.ts";
import { readAddresses } from "../../../src/readers/ip/address.ts";
import { printIpSet } from "../../../src/readers/ipset/print-save.ts";
import { printRule } from "../../../src/readers/iptables/print.ts";
import { readIptablesSave } from "../../../src/readers/iptables/save.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";
import { declaredNode } from "./declared-node-fixture.ts";

const SNAPSHOT = new URL("../../../scenarios/debian-firewall-blocks-bgp/healthy/snapshot/", import.meta.url);

function file(path: string): string {
  return readFileSync(new URL(path, SNAPSHOT), "utf8");
}

/** Calico's own rules, by `table chain`. */
function calicoRules(text: string): Readonly<Record<string, readonly string[]>> {
  const { rulesets } = readIptablesSave({ text, file: "rules", family: 4, backend: "nft" }, originTable());
  const chains: Record<string, readonly string[]> = {};
  for (const ruleset of rulesets) {
    for (const table of ruleset.tables.values()) {
      for (const chain of table.chains.values()) {
        const lines = chain.rules
          .map((rule) => printRule({ ...rule, counters: null }, 4))
          .filter((line) => line.includes("cali:"));
        if (chain.name.startsWith("cali-") || lines.length > 0) chains[`${table.name} ${chain.name}`] = lines;
      }
    }
  }
  return chains;
}

function setLines(text: string): readonly string[] {
  return text
    .split("\n")
    .filter((line) => line.includes("cali"))
    .map((line) => line.replace(/ bucketsize.*/, ""))
    .sort();
}

const RESOURCES = ["felixconfigurations", "ippools", "namespaces", "networkpolicies", "pods", "serviceaccounts"]
  .map((name) => file(`cluster/${name}.yaml`))
  .join("\n---\n");

for (const [name, address] of [
  ["worker-1", "172.16.0.10/24"],
  ["worker-2", "172.16.0.11/24"],
  ["control-plane", "172.16.0.9/24"],
] as const) {
  test(`rendered from the captured resources, ${name} has Calico's chains and sets of its dumps`, () => {
    const origins = originTable();
    const { cluster } = buildCluster(readResources(RESOURCES, "cluster.yaml", origins).resources);
    const { interfaces } = readAddresses(file(`nodes/${name}/ip-addr.txt`), "ip-addr.txt", origins);
    const node = declaredNode(name, {
      interfaces: [...interfaces.values()].filter((one) => !one.name.startsWith("cali")),
      bgpIPv4: parseInterfaceAddress(address),
    });
    const versions = { calico: "v3.29.2", kubernetes: "v1.31.3" };
    const { ipv4, ipSets } = felixOfNode(
      node,
      felixContext(cluster, [node], { tunnels: new Map() }, versions, origins),
    );
    const dumped = calicoRules(file(`nodes/${name}/iptables-nft-save.txt`));
    expect(calicoRules(ipv4.map(restoreText).join(""))).toEqual(dumped);
    expect(setLines(ipSets.map(printIpSet).join("\n"))).toEqual(setLines(file(`nodes/${name}/ipset-save.txt`)));
  });
}
