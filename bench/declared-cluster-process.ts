import { setTimeout } from "node:timers/promises";
import { applyV8Settings } from "../src/cli/v8-settings.ts";
import { originTable } from "../src/model/origin.ts";
import { readNodesFile } from "../src/readers/cluster/nodes-file.ts";
import { clusterNetwork } from "../src/readers/cluster/read-cluster.ts";
import { buildCluster } from "../src/readers/resources/build-cluster.ts";
import { askProbe, prepareProbe } from "../src/trace/probe.ts";
import { cpuTime, median } from "./benchmark.ts";
import { largeCluster, largeNodes, namespaceOf, welcomeTo } from "./large-cluster.ts";

/**
 * From objects in memory to traces, in a process that does nothing else. Run bundled: the numbers of nodes, pods, Services and
 * policies. Prints milliseconds of the processor, which a busy machine changes less than those of the clock.
 */
applyV8Settings();
const [nodeCount = 0, pods = 0, services = 0, policies = 0] = process.argv.slice(2).map(Number);
const size = { nodes: nodeCount, pods, services, policies };
const origins = originTable();
const resources = largeCluster(size, origins);
const nodesText = largeNodes(size);
// the least that reading such objects costs
const parse = timeOfParsing(JSON.stringify(resources.map(({ content }) => content)));
globalThis.gc?.();

const mark = (name: string, value: number): unknown => process.stdout.write(`${name} ${value}\n`);
function timed(work: () => void): number {
  const before = cpuTime();
  work();
  return cpuTime() - before;
}

/** The least of three: what the collector does in between counts now and then. */
function timeOfParsing(text: string): number {
  const times = Array.from({ length: 3 }, () => {
    let objects: unknown;
    const time = timed(() => {
      objects = JSON.parse(text);
    });
    if (!Array.isArray(objects) || objects.length !== resources.length) throw new Error("other objects were parsed");
    return time;
  });
  return Math.min(...times);
}

/** Milliseconds in which helpers of the collector have come to their end. */
const SWEPT = 1000;

const started = performance.now();
const before = cpuTime();
const nodes = readNodesFile(nodesText, "nodes.yaml", origins, () => null);
const { cluster } = buildCluster(resources);
const read = cpuTime();
mark("read", read - before);
const { network } = clusterNetwork(cluster, nodes, origins);
mark("network", cpuTime() - read);

function ping(to: number): void {
  const from = welcomeTo(to);
  const name = (pod: number): string => `pod/${namespaceOf(pod % size.services)}/pod-${pod}`;
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

mark(
  "first",
  timed(() => ping(7)),
);
mark("clock", performance.now() - started);
// what the first one left to be collected would be counted with whichever trace comes when it is
globalThis.gc?.();
await setTimeout(SWEPT);
// each between two nodes that no packet has come to, over the router
const clocks: number[] = [];
const others = Array.from({ length: 21 }, (_, i) => {
  const begun = performance.now();
  const time = timed(() => ping(14 + 5 * i));
  clocks.push(performance.now() - begun);
  return time;
});
mark("secondclock", clocks[0] ?? Number.NaN);
mark("next", median(others));
mark("nextclock", median(clocks));
mark(
  "again",
  timed(() => ping(14)),
);
mark("megabytes", process.resourceUsage().maxRSS / 1024);
mark("parse", parse);
