import type { Network } from "../model/network.ts";
import type { NextCommand } from "../trace/next-command.ts";
import type { Ink } from "./ink.ts";
import { snapshotFolder } from "./snapshot-folder.ts";
import { paragraph } from "./wrap.ts";

/** Questions told beside a command. */
const TOLD = 2;

/** The next command to run, where, and into which file. */
export function nextLines(next: NextCommand | null, network: Network, ink: Ink): readonly string[] {
  if (next === null) return [];
  const { host, command, file, field, settles, kind } = next;
  const node = host === null ? null : (network.hosts.get(host)?.node ?? null);
  const into = host === null || file === null ? "" : ` > ${snapshotFolder({ host, node })}/${file}`;
  const where = host === null ? "" : `on ${host}: `;
  const then = field === null ? "" : `, and give it as ${field}`;
  const more = settles.length > TOLD ? `; and ${settles.length - TOLD} more` : "";
  const why = kind === "unknown" ? "the answer depends on it" : "the answer would be another if this did not hold";
  return [
    "",
    ink.strong(kind === "unknown" ? "To settle it" : "To be sure"),
    ...paragraph(`${where}${command}${into}${then}`, "    ", "  → "),
    ...paragraph(`${why}: ${settles.slice(0, TOLD).join("; ")}${more}`, "    ", "    ", ink.faint),
  ];
}
