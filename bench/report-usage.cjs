// Preloaded by fresh-process.ts: writes the processor time of the whole process, in milliseconds, to the file it is told.
const { writeFileSync } = require("node:fs");
process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  writeFileSync(process.env.PODPATH_BENCH_USAGE, String((user + system) / 1000));
});
