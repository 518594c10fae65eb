import { RATE_CASES } from "./engine-rate.ts";
import { allowedCores } from "./kernel-rate/cores.ts";
import { inTurns } from "./kernel-rate/in-turns.ts";
import { removeAll } from "./kernel-rate/namespaces.ts";

/**
 * One case of `kernel-rate`, in a process that does nothing else: code that has sent the packets of another case is compiled for those too.
 * Run bundled, with --expose-gc: number of the case, the sender, and the file of its frames.
 */
const [index = "0", sender = "", frames = ""] = process.argv.slice(2);
const make = RATE_CASES[Number(index)];
if (make === undefined) throw new Error(`there is no case ${index}`);
const stop = (): void => {
  removeAll();
  process.exit(130);
};
process.once("SIGINT", stop).once("SIGTERM", stop);
try {
  const shortest = inTurns(make(), { sender, frames }, allowedCores());
  for (const [side, time] of Object.entries(shortest)) process.stdout.write(`${side} ${time.toFixed(4)}\n`);
} finally {
  removeAll();
}
