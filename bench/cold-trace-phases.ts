/**
 * What `podpath trace` does, one phase after the other, with the time at the end of each. Run bundled, in a fresh
 * process: folder, from, to.
 */
const entered = performance.timeOrigin + performance.now();
const { readFolder } = await import("../src/cli/read-files.ts");
const { openSnapshot } = await import("../src/readers/snapshot/read-snapshot.ts");
const { askProbe, prepareProbe } = await import("../src/trace/probe.ts");
const loaded = performance.timeOrigin + performance.now();

const [folder = ".", from = "", to = ""] = process.argv.slice(2);
const files = readFolder(folder);
const listed = performance.timeOrigin + performance.now();

const { network } = openSnapshot({ name: "snapshot", files });
const opened = performance.timeOrigin + performance.now();

const prepared = prepareProbe(network, {
  from,
  to,
  kind: null,
  protocol: null,
  port: null,
  sport: null,
  size: null,
  df: false,
});
if ("findings" in prepared) throw new Error(prepared.findings.map(({ message }) => message).join("; "));
const answer = askProbe(network, prepared.probe);
const walked = performance.timeOrigin + performance.now();

for (const [name, time] of Object.entries({ entered, loaded, listed, opened, walked })) {
  process.stdout.write(`${name} ${time}\n`);
}
process.stdout.write(`branches ${answer.branches.length}\n`);

export {};
