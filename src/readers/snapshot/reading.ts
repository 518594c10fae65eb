import { append } from "../../model/append.ts";
import type { Finding } from "../../model/finding.ts";
import type { OriginTable } from "../../model/origin.ts";
import type { ChosenFile } from "./choose-files.ts";
import type { CollectorIndex } from "./collector-index.ts";
import type { FileRole } from "./files.ts";
import type { KnownTexts } from "./known-texts.ts";
import type { PlacedFile } from "./layout.ts";
import type { ServiceProxy } from "./service-proxy.ts";

/** What a file of the snapshot was taken for. */
export interface RecognisedFile {
  readonly path: string;
  /** `iptables-save`, `ip route`, `API objects`, … */
  readonly as: string;
  /** Items read from it; null where nothing is counted. */
  readonly items: number | null;
}

/** The files of a part that are read. */
export type Chosen = (part: FileRole["part"]) => readonly ChosenFile[];

/** Where what is found goes. */
export interface Reading {
  readonly origins: OriginTable;
  /** What the collectors say about the files they wrote. */
  readonly collectors: Pick<CollectorIndex, "incomplete" | "wanting">;
  /** What kube-proxy does on nodes where no dump of rules shows it; null in mode iptables, whose rules are dumped. */
  readonly serviceProxy: ServiceProxy | null;
  /** What earlier machines told in the same words. */
  readonly known: KnownTexts;
  readonly findings: Finding[];
  readonly recognised: RecognisedFile[];
}

/** The first file of a part. */
export function one(chosen: Chosen, part: FileRole["part"]): ChosenFile | null {
  return chosen(part)[0] ?? null;
}

/** Says what a file was read as, and what was odd about it. */
export function note(
  reading: Reading,
  file: PlacedFile | null,
  as: string,
  items: number,
  findings: readonly Finding[],
): void {
  if (file !== null) reading.recognised.push({ path: file.path, as, items });
  append(reading.findings, findings);
}
