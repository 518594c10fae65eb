import { decodeText } from "./decode-text.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import { MAX_FILE_BYTES } from "./read-files.ts";

/** What messages call standard input. */
export const STDIN_NAME = "<stdin>";

export async function readStdin(io: Io): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of io.stdin) {
    const bytes = chunk instanceof Uint8Array ? chunk : new TextEncoder().encode(String(chunk));
    length += bytes.length;
    if (length > MAX_FILE_BYTES) {
      throw new InputError([
        {
          code: "file-too-large",
          severity: "error",
          message: `standard input has more than ${MAX_FILE_BYTES / 1024 / 1024} MB`,
          advice: "Is it the right file? A dump of one machine is some megabytes at most.",
        },
      ]);
    }
    chunks.push(bytes);
  }
  const text = decodeText(Buffer.concat(chunks), STDIN_NAME);
  if (typeof text !== "string") throw new InputError([text.problem]);
  return text;
}
