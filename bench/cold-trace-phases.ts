/**
 * What `podpath trace` does, one phase after the other, with the time at the end of each. Run bundled, in a fresh
 * process: folder, from, to.
 */
const entered = performance.timeOrigin + performance.now();
const { readdirSync, readFileSync } = await import("node:fs");
const { readSnapshot } = await import("../src/readers/snapshot/read-snapshot.ts");
const { askProbe, prepareProbe } = await import("../src/trace/probe.ts");
const loaded = performance.timeOrigin + performance.now();

const [folder = ".", from = "", to = ""] = process.argv.slice(2);
const files = new Map<string, string>();
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = `${entry.parentPath}/${entry.name}`;
  files.set(path.slice(folder.length + 1), readFileSync(path, "utf8"));
}
const fetched = performance.timeOrigin + performance.now();

const { network } = readSnapshot({ name: "snapshot", files });
const parsed = performance.timeOrigin + performance.now();

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

for (const [name, time] of Object.entries({ entered, loaded, fetched, parsed, walked })) {
  process.stdout.write(`${name} ${time}\n`);
}
process.stdout.write(`branches ${answer.branches.length}\n`);

export {};
