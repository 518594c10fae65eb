import { routesOf, runFor, SETTLING_TIME, startDaemons } from "../src/bgp/reconverge.ts";
import { applyV8Settings } from "../src/cli/v8-settings.ts";
import { bgpCluster } from "./bgp-cluster.ts";

/**
 * BGP of a generated cluster settles, nothing happens for an hour, and then somebody looks, in a process that does nothing else; then it
 * settles from nothing again and again, each time with code that V8 has made faster. Run bundled: nodes, reflectors. Prints milliseconds of
 * the processor, which a busy machine changes less than those of the clock.
 */
applyV8Settings();
const [nodes = 30, reflectors = 0] = process.argv.slice(2).map(Number);
let before = process.cpuUsage();
const lap = (name: string): void => {
  const { user, system } = process.cpuUsage(before);
  process.stdout.write(`${name} ${(user + system) / 1000}\n`);
  before = process.cpuUsage();
};
/** Which of the times it settles in one process is taken for warm: what benchmarks measure that run a thing again and again. */
const WARM_TURN = 6;
/** The yardstick: a million small objects are made, kept in maps by numbers, and found again. */
function keepAndFind(): number {
  let sum = 0;
  for (let round = 0; round < 20; round++) {
    const kept = new Map<number, { readonly one: number; readonly other: number; readonly text: string }>();
    for (let index = 0; index < 50_000; index++) kept.set(index * 64 + 26, { one: index, other: -index, text: "" });
    for (let index = 0; index < 50_000; index++) sum += kept.get(index * 64 + 26)?.one ?? 0;
  }
  return sum;
}
if (keepAndFind() === 0) throw new Error("nothing was found");
lap("yardstick");
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
// what was put off is played now
const { now } = run.world;
lap("look");
if (now !== SETTLING_TIME + HOUR) throw new Error(`it is ${now} s`);
globalThis.gc?.();
process.stdout.write(`heap ${(process.memoryUsage().heapUsed - heap) / 2 ** 20}\n`);
process.stdout.write(`megabytes ${process.resourceUsage().maxRSS / 1024}\n`);
for (const name of run.resting.speakers.keys()) {
  const remote = routesOf(run, name).filter(({ protocol, type }) => protocol === "bird" && type === "unicast");
  if (remote.length !== nodes - 1) throw new Error(`${name} has routes to ${remote.length} others of ${nodes}`);
}
for (let turn = 2; turn <= WARM_TURN; turn++) {
  globalThis.gc?.();
  before = process.cpuUsage();
  runFor(startDaemons(network, configurations), SETTLING_TIME);
  if (turn === 2) lap("second");
  else if (turn === WARM_TURN) lap("warm");
}
