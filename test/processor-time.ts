/** Milliseconds of this process's own time that `run` takes: what else the machine is busy with does not count. */
export function processorTime(run: () => void): number {
  const before = process.cpuUsage();
  run();
  return process.cpuUsage(before).user / 1000;
}
