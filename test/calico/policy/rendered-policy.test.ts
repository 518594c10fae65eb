import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { felixContext } from "../../../src/calico/felix/felix-context.ts";
import { felixOfNode } from "../../../src/calico/felix/felix-of-node.ts";
import { restoreText } from "../../../src/calico/felix/restore-text.ts";
import { type PolicyPacket, policyVerdict } from "../../../src/calico/policy-verdict.ts";
import { createWorld, runtimeOf } from "../../../src/emulator/world.ts";
import { bindTable } from "../../../src/linux/netfilter/bind.ts";
import { traverse } from "../../../src/linux/netfilter/traverse.ts";
import { FORWARD, NF_ACCEPT } from "../../../src/linux/netfilter/verdict.ts";
import { CT_NEW, skb } from "../../../src/linux/skb.ts";
import { host } from "../../../src/model/host.ts";
import { networkInterface } from "../../../src/model/interface.ts";
import { network } from "../../../src/model/network.ts";
import { originTable } from "../../../src/model/origin.ts";
import { packet } from "../../../src/net/packet.ts";
import { readIptablesSave } from "../../../src/readers/iptables/save.ts";
import { declaredNode } from "../felix/declared-node-fixture.ts";
import { clusterArbitrary, policyPacketArbitrary, type RandomCluster } from "./policy-world-arbitrary.ts";

const RELEASES = ["v3.29.2", "v3.30.4", "v3.32.1"];

const NO_QUESTIONS = {
  choose: (): number => {
    throw new Error("rendered rules leave nothing open");
  },
};

/** A node with the rendered filter table and sets: says whether FORWARD lets a first packet through. */
function renderedNode({ cluster }: RandomCluster, calico: string) {
  const origins = originTable();
  const declared = declaredNode("n");
  const versions = { calico, kubernetes: "v1.31.0" };
  const context = felixContext(cluster, [declared], { tunnels: new Map() }, versions, origins);
  const { ipv4, ipSets } = felixOfNode(declared, context);
  const text = ipv4.map(restoreText).join("").replace(":FORWARD ACCEPT", ":FORWARD DROP");
  const save = readIptablesSave({ text, file: "rules", family: 4, backend: "legacy" }, origins);
  expect(save.findings).toEqual([]);
  const table = save.rulesets[0]?.tables.get("filter");
  if (table === undefined) throw new Error("no filter table");
  const node = host({ name: "n", ipSets: new Map(ipSets.map((set) => [set.name, set])) });
  const runtime = runtimeOf(createWorld(network({ hosts: new Map([["n", node]]) }), NO_QUESTIONS), "n");
  const chain = bindTable(table, 4, "legacy").hooks.FORWARD;
  if (runtime === null || chain === undefined) throw new Error("no chain");
  return (input: string, output: string, { icmp, ...fields }: PolicyPacket): boolean => {
    const kind = icmp === null ? {} : { icmpType: icmp.type, icmpCode: icmp.code };
    const frame = skb(packet({ ...fields, ...kind }), 0);
    frame.input = networkInterface({ name: input });
    frame.output = networkInterface({ name: output });
    frame.ctState = CT_NEW;
    return traverse(chain, frame, runtime, FORWARD) === NF_ACCEPT;
  };
}

describe("policies rendered by Felix's rules", () => {
  for (const release of RELEASES) {
    it(`let through what the resources allow, in ${release}`, () => {
      fc.assert(
        fc.property(
          clusterArbitrary,
          fc.array(policyPacketArbitrary, { minLength: 1, maxLength: 8 }),
          (cluster, packets) => {
            const forwards = renderedNode(cluster, release);
            for (const workload of cluster.workloads) {
              for (const sent of packets) {
                const inbound = { ...sent, dst: workload.address };
                expect(forwards("eth0", workload.interfaceName, inbound)).toBe(
                  policyVerdict(workload, "Ingress", inbound, cluster.world).allowed,
                );
                const outbound = { ...sent, src: workload.address };
                expect(forwards(workload.interfaceName, "eth0", outbound)).toBe(
                  policyVerdict(workload, "Egress", outbound, cluster.world).allowed,
                );
              }
            }
            const [from, to] = cluster.workloads;
            if (from === undefined || to === undefined) return;
            for (const sent of packets) {
              const between = { ...sent, src: from.address, dst: to.address };
              expect(forwards(from.interfaceName, to.interfaceName, between)).toBe(
                policyVerdict(from, "Egress", between, cluster.world).allowed &&
                  policyVerdict(to, "Ingress", between, cluster.world).allowed,
              );
            }
          },
        ),
        { numRuns: 60 },
      );
    });
  }
});
