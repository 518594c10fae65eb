import { originTable } from "../src/model/origin.ts";
import { readNodesFile } from "../src/readers/cluster/nodes-file.ts";
import { clusterNetwork } from "../src/readers/cluster/read-cluster.ts";
import { buildCluster } from "../src/readers/resources/build-cluster.ts";
import { askProbe, prepareProbe } from "../src/trace/probe.ts";
import { largeCluster, largeNodes, part } from "./large-cluster.ts";

/**
 * From objects in memory to traces, in a process that does nothing else. Run bundled: the share of the large cluster. Prints
 * milliseconds of the processor, which a busy machine changes less than those of the clock.
 */
const size = part(Number(process.argv[2] ?? "1"));
const origins = originTable();
const resources = largeCluster(size, origins);
const nodesText = largeNodes(size);
globalThis.gc?.();

let before = process.cpuUsage();
const lap = (name: string): void => {
  const { user, system } = process.cpuUsage(before);
  process.stdout.write(`${name} ${(user + system) / 1000}\n`);
  before = process.cpuUsage();
};
const started = performance.now();
const nodes = readNodesFile(nodesText, "nodes.yaml", origins, () => null);
const { cluster } = buildCluster(resources);
lap("read");
const { network } = clusterNetwork(cluster, nodes, origins);
lap("network");

function ping(from: number, to: number): void {
  const name = (pod: number): string => `pod/ns-${(pod % size.services) % 100}/pod-${pod}`;
  const probe = {
    from: name(from),
    to: name(to),
    kind: null,
    protocol: null,
    port: null,
    sport: null,
    size: null,
    df: false,
  };
  const prepared = prepareProbe(network, probe);
  if ("findings" in prepared) throw new Error(JSON.stringify(prepared.findings));
  const { branches } = askProbe(network, prepared.probe, { everyRule: false, strict: false });
  const results = branches.map(({ run }) => run.report?.result);
  if (results.join() !== "answered") throw new Error(`${name(from)} to ${name(to)}: ${results.join()}`);
}

ping(1, 2);
lap("first");
process.stdout.write(`clock ${performance.now() - started}\n`);
ping(11, 14);
lap("second");
ping(11, 14);
lap("again");
globalThis.gc?.();
process.stdout.write(`heap ${process.memoryUsage().heapUsed / 2 ** 20}\n`);
process.stdout.write(`megabytes ${process.resourceUsage().maxRSS / 1024}\n`);
