import type { Finding } from "../../model/finding.ts";
import { type ArchiveFindings, archiveFindings } from "./archive-findings.ts";
import { ARCHIVE_SAMPLE, archiveKind, unpackCommand } from "./archive-kind.ts";
import { type ArchiveLink, followLinks } from "./archive-links.ts";
import type { ArchiveEntry, ArchiveEvents } from "./entry.ts";
import { type Inflate, inPieces } from "./inflate.ts";
import { insidePath, isLitter } from "./inside-path.ts";
import { firstBytes, inOnePiece, type KeptBytes } from "./kept-bytes.ts";
import { tarReader } from "./tar.ts";
import { type UnpackBudget, type UnpackLimits, unpackBudget } from "./unpack-limits.ts";
import { readZip } from "./zip.ts";

/** What an archive holds, in memory: nothing is ever written. */
export interface OpenedArchive {
  /** By cleaned path; `""` when a single file was compressed, and no archive was made. */
  readonly files: ReadonlyMap<string, KeptBytes>;
  readonly findings: readonly Finding[];
}

export interface OpenOptions {
  readonly inflate: Inflate;
  readonly limits: UnpackLimits;
  /** False for files whose content nobody will read: it is not kept. Asked once of each entry, with the bytes that its header tells. */
  readonly wants: (path: string, bytes: number) => boolean;
}

/** Closes what ends in the middle of a line: readers know it for a cut. */
const CUT = new TextEncoder().encode("…");

/**
 * Opens an archive, told by its content: tar, zip, gzip, and those inside of each other. `name` is what messages call
 * it. Paths that lead out, links that do, devices and what exceeds the limits become findings. Never throws for bad data.
 */
export async function openArchive(
  source: AsyncIterable<Uint8Array>,
  name: string,
  options: OpenOptions,
): Promise<OpenedArchive> {
  const opening: Opening = {
    ...options,
    budget: unpackBudget(options.limits),
    findings: archiveFindings(),
    files: new Map(),
  };
  await open(counted(source, opening.budget), { shown: name, inside: "" }, 0, opening);
  const why = opening.budget.exceeded();
  if (why !== null) opening.findings.problem(name, { code: "archive-limit", message: why, entry: null });
  return { files: opening.files, findings: opening.findings.list() };
}

interface Opening extends OpenOptions {
  readonly budget: UnpackBudget;
  readonly findings: ArchiveFindings;
  readonly files: Map<string, KeptBytes>;
}

/** What messages call an archive, and the path its files get. */
interface Mount {
  readonly shown: string;
  readonly inside: string;
}

async function* counted(source: AsyncIterable<Uint8Array>, budget: UnpackBudget): AsyncGenerator<Uint8Array> {
  for await (const piece of source) {
    budget.packed(piece.length);
    yield piece;
  }
}

async function open(source: AsyncIterable<Uint8Array>, mount: Mount, depth: number, opening: Opening): Promise<void> {
  const { beginning, rest } = await peek(source);
  const kind = archiveKind(beginning);
  const { findings, limits } = opening;
  if (kind !== null && depth > limits.depth) {
    findings.add({
      code: "archive-depth",
      severity: "error",
      message: `An archive inside of ${limits.depth} archives.`,
      file: mount.shown,
      advice: `It was left out. Unpack it (${unpackCommand(kind, mount.shown)}) and give podpath the folder.`,
    });
    return;
  }
  switch (kind) {
    case "gzip":
      await open(gunzipped(rest, mount, opening), mount, depth + 1, opening);
      return;
    case "tar":
      await openTar(rest, mount, depth, opening);
      return;
    case "zip": {
      const whole = await gathered(rest, opening);
      if (whole === null) return;
      const reading = readEntries(mount, opening);
      const take = (count: number): boolean => opening.budget.unpacked(count);
      await readZip(inOnePiece(whole), opening.inflate, reading.events, { entries: limits.entries, take });
      await reading.finish(depth);
      return;
    }
    case null: {
      const whole = await gathered(rest, opening);
      if (whole === null) return;
      if (whole.length > limits.fileBytes) findings.add(tooLarge(mount.shown, whole.length, limits));
      else opening.files.set(mount.inside, whole);
      return;
    }
    default:
      findings.add({
        code: "archive-format",
        severity: "error",
        message: `A ${kind} archive, which podpath does not open.`,
        file: mount.shown,
        expected: "a folder, .tar, .tar.gz, .tgz or .zip",
        advice: `Unpack it (${unpackCommand(kind, mount.shown)}) and give podpath the folder.`,
      });
  }
}

async function openTar(
  source: AsyncIterable<Uint8Array>,
  mount: Mount,
  depth: number,
  opening: Opening,
): Promise<void> {
  const reading = readEntries(mount, opening);
  const reader = tarReader(reading.events);
  for await (const piece of source) {
    reader.push(piece);
    if (opening.budget.exceeded() !== null) break;
  }
  if (opening.budget.exceeded() === null) reader.end();
  await reading.finish(depth);
}

/** The first bytes, and the whole again. */
async function peek(
  source: AsyncIterable<Uint8Array>,
): Promise<{ readonly beginning: Uint8Array; readonly rest: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let length = 0;
  while (length < ARCHIVE_SAMPLE) {
    const next = await iterator.next();
    if (next.done === true) break;
    seen.push(next.value);
    length += next.value.length;
  }
  async function* rest(): AsyncGenerator<Uint8Array> {
    yield* seen;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { beginning: firstBytes({ length, pieces: seen }, ARCHIVE_SAMPLE), rest: rest() };
}

async function* gunzipped(
  source: AsyncIterable<Uint8Array>,
  mount: Mount,
  opening: Opening,
): AsyncGenerator<Uint8Array> {
  for await (const piece of opening.inflate("gzip", source)) {
    if (!(piece instanceof Uint8Array)) {
      const code = piece.problem === "truncated" ? "archive-truncated" : "archive-damaged";
      const message = `the compressed data ${piece.problem === "truncated" ? "ends early" : "is damaged from some byte on"}`;
      opening.findings.problem(mount.shown, { code, message, entry: null });
      return;
    }
    if (!opening.budget.unpacked(piece.length)) return;
    yield piece;
  }
}

/** All of it; null when it is more than fits. */
async function gathered(source: AsyncIterable<Uint8Array>, opening: Opening): Promise<KeptBytes | null> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of source) {
    if (opening.budget.exceeded() !== null) return null;
    length += piece.length;
    if (length > opening.limits.bytes) {
      opening.budget.unpacked(length);
      return null;
    }
    pieces.push(piece);
  }
  return opening.budget.exceeded() === null ? { length, pieces } : null;
}

/** Takes the entries of one archive; `finish` opens the archives among them and follows links. */
function readEntries(
  mount: Mount,
  opening: Opening,
): { readonly events: ArchiveEvents; finish(depth: number): Promise<void> } {
  const { findings, limits } = opening;
  const own = new Map<string, KeptBytes>();
  const links = new Map<string, ArchiveLink>();
  const known = new Set<string>();
  const cut = new Set<string>();
  let path: string | null = null;
  let unwanted = 0;
  const shown = (inside: string): string => (mount.inside === "" ? inside : `${mount.inside}/${inside}`);

  const events: ArchiveEvents = {
    header(entry) {
      path = null;
      if (!opening.budget.entry()) return false;
      path = acceptedPath(entry, shown, findings);
      if (path === null) return false;
      const isWanted = opening.wants(shown(path), entry.size);
      if (entry.size > limits.fileBytes && entry.kind === "file" && isWanted) {
        findings.add(tooLarge(shown(path), entry.size, limits));
        known.add(path);
        return false;
      }
      if (isWanted) return true;
      if (entry.kind === "file") unwanted++;
      return false;
    },
    entry(entry, content) {
      if (path === null) return;
      if (entry.target !== null) {
        if (opening.wants(shown(path), 0))
          links.set(path, { path, target: entry.target, isHard: entry.kind === "hardlink" });
        return;
      }
      if (entry.kind !== "file") return;
      known.add(path);
      if (content === null) return;
      opening.budget.kept(content.length);
      const earlier = own.get(path);
      if (earlier !== undefined && !sameBytes(earlier, content)) {
        findings.add({
          code: "archive-duplicate",
          severity: "warning",
          message: "The archive holds two files of this name, and they differ.",
          file: shown(path),
          advice: "The later one counts, as when the archive is unpacked.",
        });
      }
      own.set(path, content);
    },
    problem(problem) {
      if (problem.entry !== null && path !== null) cut.add(path);
      findings.problem(mount.shown, {
        ...problem,
        entry: problem.entry === null || path === null ? null : shown(path),
      });
    },
  };

  return {
    events,
    async finish(depth) {
      followLinks(links, own, known, findings);
      if (unwanted > 0) {
        const message = `${unwanted === 1 ? "One file" : `${unwanted} files`} of logs and the like: nothing is read from them.`;
        findings.add({ code: "not-read", severity: "info", message, file: mount.shown });
      }
      for (const [inside, content] of own) {
        const place = shown(inside);
        const isArchive = archiveKind(firstBytes(content, ARCHIVE_SAMPLE)) !== null;
        if (isArchive) await open(unpackedAgain(content), { shown: place, inside: place }, depth + 1, opening);
        else opening.files.set(place, cut.has(inside) ? withCut(content) : content);
      }
    },
  };
}

/** The cleaned path of an entry; null when nothing is to be read of it. */
function acceptedPath(
  entry: ArchiveEntry,
  shown: (inside: string) => string,
  findings: ArchiveFindings,
): string | null {
  const name = entry.name.text;
  const path = insidePath(name);
  if (path === null) {
    findings.add({
      code: "archive-unsafe-path",
      severity: "warning",
      message: "The path leads out of the archive.",
      file: shown(name.replaceAll("\0", "")),
      advice: "The file was left out. Nothing that podpath reads from an archive is ever written to disk.",
    });
    return null;
  }
  if (path === "" || isLitter(path)) return null;
  if (entry.kind === "device" || entry.kind === "fifo" || entry.kind === "sparse" || entry.kind === "other") {
    const what = { device: "a device", fifo: "a named pipe", sparse: "a sparse file", other: "an entry of a kind" };
    const message = `it is ${what[entry.kind]}${entry.kind === "other" ? " that is not known" : ""}`;
    findings.problem(shown(path), { code: "archive-special-file", message, entry: null });
    return null;
  }
  if (entry.name.isLatin1) {
    findings.add({
      code: "archive-name-encoding",
      severity: "info",
      message: "The name is not UTF-8; it was read as Latin-1.",
      file: shown(path),
    });
  }
  return path;
}

function tooLarge(file: string, size: number, limits: UnpackLimits): Finding {
  const megabytes = (bytes: number): number => Math.round(bytes / 1024 / 1024);
  return {
    code: "file-too-large",
    severity: "error",
    message: `The file has ${megabytes(size)} MB; podpath reads up to ${megabytes(limits.fileBytes)} MB of one.`,
    file,
    advice: "It was left out. A dump of one machine is some megabytes at most; split objects of a cluster by kind.",
  };
}

function sameBytes(one: KeptBytes, other: KeptBytes): boolean {
  if (one.length !== other.length) return false;
  const bytes = inOnePiece(other);
  return inOnePiece(one).every((byte, index) => bytes[index] === byte);
}

/** The end of the last line is missing. */
function withCut({ length, pieces }: KeptBytes): KeptBytes {
  return { length: length + CUT.length, pieces: [...pieces, CUT] };
}

async function* unpackedAgain({ pieces }: KeptBytes): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield* inPieces(piece);
}
