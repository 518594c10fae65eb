import type { Finding } from "../model/finding.ts";

/** So many bytes tell text from binary data. */
const SAMPLE = 8192;

/** Bytes as text: UTF-8, or UTF-16 as PowerShell writes it. Archives and binary data become findings. */
export function decodeText(bytes: Uint8Array, shown: string): string | { readonly problem: Finding } {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return { problem: archive(shown, "gzip", `tar -xzf ${shown}`) };
  if (bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3)
    return { problem: archive(shown, "zip", `unzip ${shown}`) };
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
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

function archive(file: string, kind: string, command: string): Finding {
  return {
    code: "archive",
    severity: "error",
    message: `the file is a ${kind} archive, which this version does not open`,
    file,
    advice: `Unpack it (${command}) and give podpath the folder.`,
  };
}
