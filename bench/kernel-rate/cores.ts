import { readFileSync } from "node:fs";
import { run } from "./namespaces.ts";

/**
 * The cores that this process may use, by number. Turns of a measurement go round them: a core that shares its execution units
 * with another one takes one and a half times as long while that works, which may be for minutes and, on a virtual machine, for a
 * neighbour.
 */
export function allowedCores(): readonly number[] {
  const [, list = "0"] = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Only the thread that sends the packets moves: the compiler's and the collector's stay where they like. */
export function moveTo(cores: readonly number[]): void {
  run(["taskset", "-p", "-c", cores.join(","), String(process.pid)]);
}
