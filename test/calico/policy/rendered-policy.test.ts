import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dispatchChains } from "../../../src/calico/felix/dispatch-chains.ts";
import type { FelixBand } from "../../../src/calico/felix/felix-settings.ts";
import { ipSetName } from "../../../src/calico/felix/ip-set-names.ts";
import { restoreText } from "../../../src/calico/felix/restore-text.ts";
import { setMembers, setType } from "../../../src/calico/felix/set-members.ts";
import { staticFilterTable } from "../../../src/calico/felix/static-filter-table.ts";
import { workloadChains } from "../../../src/calico/felix/workload-chains.ts";
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
import { readIpSetSave } from "../../../src/readers/ipset/save.ts";
import { readIptablesSave } from "../../../src/readers/iptables/save.ts";
import { settingsOf } from "../felix/settings-fixture.ts";
import { clusterArbitrary, policyPacketArbitrary, type RandomCluster } from "./policy-world-arbitrary.ts";

const VECTORS: Readonly<Record<string, FelixBand>> = {
  "v3.29": "v3.29",
  "v3.30": "v3.30",
  "v3.32.1 to HEAD": "v3.32.1",
};

const NO_QUESTIONS = {
  choose: (): number => {
    throw new Error("rendered rules leave nothing open");
  },
};

/** A node with the rendered filter table and sets: says whether FORWARD lets a first packet through. */
function renderedNode({ world, workloads }: RandomCluster, vectors: string) {
  const settings = settingsOf(`${vectors}/noencap/random-fully`);
  const interfaces = workloads.map(({ interfaceName, labels, profiles }) => ({
    name: interfaceName,
    labels,
    profiles,
  }));
  const rendered = workloadChains(interfaces, world, settings);
  const fixed = staticFilterTable(settings);
  const hosts = ["cali-from-host-endpoint", "cali-to-host-endpoint", "cali-from-hep-forward", "cali-to-hep-forward"];
  const text = restoreText({
    ...fixed,
    chains: [...fixed.chains, ...hosts.flatMap((root) => dispatchChains(root, [], "in", "", [])), ...rendered.chains],
  }).replace(":FORWARD ACCEPT", ":FORWARD DROP");
  const sets = [...rendered.sets].flatMap(([id, definition]) => {
    const name = ipSetName(id, 4);
    return [
      `create ${name} ${setType(definition)} family inet hashsize 1024 maxelem 1048576`,
      ...setMembers(definition, 4, world.holders, world.services).map((member) => `add ${name} ${member}`),
    ];
  });
  const origins = originTable();
  const save = readIptablesSave({ text, file: "rules", family: 4, backend: "legacy" }, origins);
  const dump = readIpSetSave(`${sets.join("\n")}\n`, "sets", origins);
  expect([...save.findings, ...dump.findings]).toEqual([]);
  const table = save.rulesets[0]?.tables.get("filter");
  if (table === undefined) throw new Error("no filter table");
  const node = host({ name: "n", ipSets: dump.sets });
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
  for (const [vectors, band] of Object.entries(VECTORS)) {
    it(`let through what the resources allow, of ${band}`, () => {
      fc.assert(
        fc.property(
          clusterArbitrary,
          fc.array(policyPacketArbitrary, { minLength: 1, maxLength: 8 }),
          (cluster, packets) => {
            const forwards = renderedNode(cluster, vectors);
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
