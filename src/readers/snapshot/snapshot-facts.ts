import { append } from "../../model/append.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import { type Facts, readFacts } from "../facts/apply-facts.ts";
import { readFactsFile } from "../facts/facts-file.ts";
import { PRINTED_BY } from "../recognise.ts";
import type { SnapshotFiles } from "./files.ts";
import type { PlacedFile } from "./layout.ts";
import { type Machine, readMachine } from "./read-machine.ts";
import type { Reading } from "./reading.ts";

/** Facts typed at the command line, then those of the snapshot's own file. */
export function factsOf(
  files: SnapshotFiles,
  file: PlacedFile | null,
  reading: Omit<Reading, "collectors" | "serviceProxy" | "known">,
): Facts {
  const { origins, findings, recognised } = reading;
  const own = file === null ? null : readFactsFile(file.text, file.path);
  append(findings, own?.findings ?? []);
  if (file !== null) recognised.push({ path: file.path, as: PRINTED_BY.facts, items: own?.facts.length ?? 0 });
  return readFacts([...(own?.facts ?? []), ...(files.facts ?? [])], origins, findings);
}

/** Machines with what facts say of them, and those that only facts tell of. */
export function withFacts(
  machines: readonly Machine[],
  facts: Facts,
  described: readonly Host[],
  reading: Reading,
): readonly Machine[] {
  if (facts.hosts.size === 0) return machines;
  const known = new Set([...machines.map(({ host }) => host.name), ...described.map(({ name }) => name)]);
  const typed = [...facts.hosts].flatMap((name) => {
    if (known.has(name) || name.startsWith("pod/")) return [];
    const kind = name.startsWith("host/") ? "host" : "node";
    return [readMachine({ name, kind, node: null, folder: name, files: new Map() }, reading)];
  });
  return [...machines, ...typed].map((machine) => {
    if (!facts.hosts.has(machine.host.name) || machine.host.kind === "pod") return machine;
    const host = facts.applyTo(machine.host);
    return { ...machine, host, joiningRoutes: () => host.routes };
  });
}

/** Pods are made from several dumps and objects; facts about them come last. */
export function withPodFacts(
  hosts: ReadonlyMap<string, Host>,
  facts: Facts,
  findings: Finding[],
): ReadonlyMap<string, Host> {
  const names = [...facts.hosts].filter((name) => name.startsWith("pod/"));
  if (names.length === 0) return hosts;
  const changed = new Map(hosts);
  for (const name of names) {
    const host = hosts.get(name);
    if (host !== undefined) changed.set(name, facts.applyTo(host));
    else {
      findings.push({
        code: "fact-about-nobody",
        severity: "error",
        message: `A fact tells of ${name}, which is in no dump and in no object.`,
        expected: "`pod NAMESPACE/NAME ip ADDRESS node NODE` before it",
      });
    }
  }
  return changed;
}
