import { ARCHIVE_SAMPLE, archiveKind } from "../readers/archive/archive-kind.ts";
import { decodeText } from "./decode-text.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import { MAX_FILE_BYTES } from "./read-files.ts";

/** What messages call standard input. */
export const STDIN_NAME = "<stdin>";

export async function readStdin(io: Io): Promise<string> {
  return textOf(bytesOfStdin(io));
}

/** Standard input as text, or piece by piece where it is an archive. */
export async function openStdin(io: Io): Promise<string | AsyncIterable<Uint8Array>> {
  const stdin = bytesOfStdin(io);
  const seen: Uint8Array[] = [];
  let length = 0;
  while (length < ARCHIVE_SAMPLE) {
    const next = await stdin.next();
    if (next.done === true) break;
    seen.push(next.value);
    length += next.value.length;
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield* seen;
    yield* stdin;
  }
  return archiveKind(Buffer.concat(seen)) === null ? textOf(whole()) : whole();
}

async function* bytesOfStdin(io: Io): AsyncGenerator<Uint8Array> {
  for await (const chunk of io.stdin) {
    yield chunk instanceof Uint8Array ? chunk : new TextEncoder().encode(String(chunk));
  }
}

async function textOf(stdin: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of stdin) {
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
