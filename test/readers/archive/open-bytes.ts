import { readFileSync } from "node:fs";
import { inflate } from "../../../src/cli/inflate.ts";
import type { Finding } from "../../../src/model/finding.ts";
import { inPieces } from "../../../src/readers/archive/inflate.ts";
import { inOnePiece } from "../../../src/readers/archive/kept-bytes.ts";
import { openArchive } from "../../../src/readers/archive/open-archive.ts";
import { UNPACK_LIMITS, type UnpackLimits } from "../../../src/readers/archive/unpack-limits.ts";

export interface Opened {
  /** Texts by path. */
  readonly texts: Readonly<Record<string, string>>;
  readonly findings: readonly Finding[];
  readonly codes: readonly string[];
}

/** Opens an archive that is in memory, as the command does. */
export async function openBytes(bytes: Uint8Array, limits: Partial<UnpackLimits> = {}): Promise<Opened> {
  const { files, findings } = await openArchive(inPieces(bytes), "a.tar", {
    inflate,
    limits: { ...UNPACK_LIMITS, ...limits },
    wants: () => true,
  });
  const texts = Object.fromEntries(
    [...files].map(([path, content]) => [path, new TextDecoder().decode(inOnePiece(content))]),
  );
  return { texts, findings, codes: findings.map((finding) => finding.code) };
}

export function fixtureBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`fixtures/${name}`, import.meta.url)));
}
