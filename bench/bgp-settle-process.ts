import { routesOf, runFor, SETTLING_TIME, startDaemons } from "../src/bgp/reconverge.ts";
import { bgpCluster } from "./bgp-cluster.ts";

/**
 * BGP of a generated cluster settles, and then nothing happens for an hour, in a process that does nothing else. Run bundled: nodes,
 * reflectors. Prints milliseconds of the processor, which a busy machine changes less than those of the clock.
 */
const [nodes = 30, reflectors = 0] = process.argv.slice(2).map(Number);
let before = process.cpuUsage();
const lap = (name: string): void => {
  const { user, system } = process.cpuUsage(before);
  process.stdout.write(`${name} ${(user + system) / 1000}\n`);
  before = process.cpuUsage();
};
const { network, configurations } = bgpCluster({ nodes, reflectors });
globalThis.gc?.();
lap("read");
const heap = process.memoryUsage().heapUsed;
const run = startDaemons(network, configurations);
runFor(run, SETTLING_TIME);
lap("settle");
const HOUR = 3600;
runFor(run, HOUR);
lap("hour");
globalThis.gc?.();
process.stdout.write(`heap ${(process.memoryUsage().heapUsed - heap) / 2 ** 20}\n`);
process.stdout.write(`megabytes ${process.resourceUsage().maxRSS / 1024}\n`);
for (const name of run.speakers.keys()) {
  const remote = routesOf(run, name).filter(({ protocol, type }) => protocol === "bird" && type === "unicast");
  if (remote.length !== nodes - 1) throw new Error(`${name} has routes to ${remote.length} others of ${nodes}`);
}
