import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Lab, LabEvent, LabNode } from "../lab.ts";

/** Configurations as people write them, a folder for each node, and the machines that they are for. */
export interface ForeignCase {
  /** The folder of this one. */
  readonly folder: string;
  /** A sentence about it. */
  readonly says: string;
  readonly program?: "bird6";
  readonly nodes: readonly ForeignNode[];
  readonly unfollowed?: {
    /** What podpath tells that it does not follow: `NODE/FILE:LINE text`. */
    readonly told: readonly string[];
    /** What is missing for that. */
    readonly missing: RegExp;
  };
  readonly seconds?: number;
  readonly asked?: readonly string[];
}

export interface ForeignNode {
  readonly name: string;
  /** `DEVICE SEGMENT ADDRESS/LENGTH`. */
  readonly interfaces: readonly string[];
  /** What `ip route add` is given. */
  readonly routes?: readonly string[];
  /** Commands before the daemon starts, each a line. */
  readonly before?: readonly string[];
}

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** The files of a node, by name within its folder. */
export function filesOf(folder: string, node: string): ReadonlyMap<string, string> {
  const root = join(HERE, folder, node);
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".conf"));
  return new Map(names.map((name) => [name, readFileSync(join(root, name), "utf8")]));
}

export function foreignLab({ folder, says, program, nodes, seconds, asked }: ForeignCase): Lab {
  const machines = nodes.map(
    ({ name, interfaces, routes }): LabNode => ({
      name,
      forwards: true,
      interfaces: interfaces.map((text) => {
        const [device = "", segment = "", address = ""] = text.split(" ");
        return { name: device, segment, address };
      }),
      routes: routes ?? [],
    }),
  );
  const before = nodes.flatMap(({ name, before: commands }) =>
    (commands ?? []).map((line): LabEvent => ({ kind: "run", node: name, words: line.split(" ") })),
  );
  const starts = nodes.map(({ name }): LabEvent => {
    const { "bird.conf": config = "", ...files } = Object.fromEntries(filesOf(folder, name));
    return { kind: "start", node: name, config, files, flags: [] };
  });
  return {
    name: says,
    family: program === "bird6" ? 6 : 4,
    program: program ?? "bird",
    segments: [...new Set(machines.flatMap(({ interfaces }) => interfaces.map(({ segment }) => segment)))],
    nodes: machines,
    stages: [{ events: [...before, ...starts], seconds: seconds ?? 18, sampled: 3 }],
    asked: ["show route all", "show protocols all", "show status", ...(asked ?? [])],
  };
}
