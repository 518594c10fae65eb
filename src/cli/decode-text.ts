import type { Finding } from "../model/finding.ts";
import { type ArchiveKind, archiveKind, unpackCommand } from "../readers/archive/archive-kind.ts";

/** So many bytes tell text from binary data. */
const SAMPLE = 8192;

/** Bytes as text: UTF-8, or UTF-16 as PowerShell writes it. Archives and binary data become findings. */
export function decodeText(bytes: Uint8Array, shown: string): string | { readonly problem: Finding } {
  const kind = archiveKind(bytes);
  if (kind !== null) return { problem: archive(shown, kind) };
  const document = documentKind(bytes);
  if (document !== null) return { problem: noDump(shown, document) };
  const utf16 = utf16Of(bytes);
  if (utf16 !== null) return new TextDecoder(utf16).decode(bytes);
  if (bytes.subarray(0, SAMPLE).includes(0)) {
    return {
      problem: {
        code: "binary-file",
        severity: "error",
        message: "the file is not text",
        file: shown,
        expected: "the output of a command, as text or JSON",
        advice: "The file was left out.",
      },
    };
  }
  return new TextDecoder().decode(bytes);
}

/** How files begin that people have in place of a text; the numbers of the bytes. */
const DOCUMENTS: readonly (readonly [readonly number[], "picture" | "PDF"])[] = [
  [[0x89, 0x50, 0x4e, 0x47], "picture"],
  [[0xff, 0xd8, 0xff], "picture"],
  [[0x47, 0x49, 0x46, 0x38], "picture"],
  [[0x52, 0x49, 0x46, 0x46], "picture"],
  [[0x25, 0x50, 0x44, 0x46, 0x2d], "PDF"],
];

function documentKind(bytes: Uint8Array): "picture" | "PDF" | null {
  return DOCUMENTS.find(([beginning]) => beginning.every((byte, index) => bytes[index] === byte))?.[1] ?? null;
}

function noDump(file: string, kind: "picture" | "PDF"): Finding {
  return {
    code: "binary-file",
    severity: "error",
    message: `the file is a ${kind}, not text`,
    file,
    expected: "the output of a command, as text or JSON",
    advice:
      kind === "picture"
        ? "It was left out. Type what it shows: --fact 'node1: route default via 10.0.0.1'; docs/reference/facts.md has the grammar."
        : "It was left out. Copy its text into a file.",
  };
}

/** UTF-16, by its mark or because every second byte of plain text is NUL. */
function utf16Of(bytes: Uint8Array): "utf-16le" | "utf-16be" | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const sample = bytes.subarray(0, SAMPLE);
  if (sample.length < 8 || !sample.includes(0)) return null;
  const nuls = [0, 0];
  for (const [index, byte] of sample.entries()) if (byte === 0) nuls[index % 2] = (nuls[index % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = nuls;
  const most = (sample.length / 2) * MOSTLY;
  if (even === 0 && odd > most) return "utf-16le";
  return odd === 0 && even > most ? "utf-16be" : null;
}

/** Dumps are ASCII but for a name here and there. */
const MOSTLY = 0.9;

function archive(file: string, kind: ArchiveKind): Finding {
  return {
    code: "archive",
    severity: "error",
    message: `the file is a ${kind} archive, not text`,
    file,
    advice: `Unpack it (${unpackCommand(kind, file)}).`,
  };
}
