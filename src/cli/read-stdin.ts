import { createReadStream } from "node:fs";
import { ARCHIVE_SAMPLE, archiveKind } from "../readers/archive/archive-kind.ts";
import { decodeText } from "./decode-text.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import { MAX_FILE_BYTES } from "./read-files.ts";

/** What messages call standard input. */
export const STDIN_NAME = "<stdin>";

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

/** The lines of standard input as they come; those of text that is not UTF-8 when it has ended. */
export function linesOfStdin(io: Io): AsyncGenerator<string> {
  return linesOfBytes(bytesOfStdin(io), STDIN_NAME);
}

/** The lines of a file as they are read. */
export async function* linesOfFile(path: string): AsyncGenerator<string> {
  yield* linesOfBytes(createReadStream(path), path);
}

async function* linesOfBytes(source: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<string> {
  const stdin = source[Symbol.asyncIterator]();
  const first = await stdin.next();
  if (first.done === true) return;
  async function* whole(start: Uint8Array): AsyncGenerator<Uint8Array> {
    yield start;
    yield* { [Symbol.asyncIterator]: () => stdin };
  }
  const all = whole(first.value);
  if (isOtherText(first.value)) {
    yield* linesOf(await textOf(all, name));
    return;
  }
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of all) {
    rest += decoder.decode(bytes, { stream: true });
    const end = rest.lastIndexOf("\n");
    if (end < 0) {
      if (rest.length > MAX_FILE_BYTES) throw tooLarge(name);
      continue;
    }
    yield* linesOf(rest.slice(0, end));
    rest = rest.slice(end + 1);
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}

/** UTF-16, archives and binary data: `decodeText` says what they are. */
function isOtherText(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff || bytes[0] === 0xfe || bytes.includes(0) || archiveKind(bytes) !== null;
}

export function* linesOf(text: string): Iterable<string> {
  let start = 0;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
    yield text.slice(start, end);
    start = end + 1;
  }
  if (start < text.length) yield text.slice(start);
}

function tooLarge(name: string): InputError {
  return new InputError([
    {
      code: "file-too-large",
      severity: "error",
      message: `${name === STDIN_NAME ? "standard input" : name} has more than ${MAX_FILE_BYTES / 1024 / 1024} MB`,
      advice: "Is it the right file? A dump of one machine is some megabytes at most.",
    },
  ]);
}

async function textOf(stdin: AsyncIterable<Uint8Array>, name: string = STDIN_NAME): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of stdin) {
    length += bytes.length;
    if (length > MAX_FILE_BYTES) throw tooLarge(name);
    chunks.push(bytes);
  }
  const text = decodeText(Buffer.concat(chunks), name);
  if (typeof text !== "string") throw new InputError([text.problem]);
  return text;
}
