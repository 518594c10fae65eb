import { readdirSync } from "node:fs";
import { deflateRawSync, gunzipSync, gzipSync } from "node:zlib";
import { fixtureBytes, openBytes } from "../archive/open-bytes.ts";
import { tarBytes } from "../archive/tar-bytes.ts";
import { type Random, random } from "./random.ts";
import type { Sample } from "./samples.ts";

export interface ArchiveFigures {
  readonly inputs: number;
  readonly bytes: number;
  readonly findings: number;
  readonly failures: readonly { readonly why: string; readonly bytes: string }[];
}

/** What an archive may unpack to here, so that one that grows is noticed. */
const LIMIT = 1024 * 1024;
const ENOUGH = 20;
/** Milliseconds of the processor for one archive of some kilobytes. */
const ALLOWED = 2_000;

/** Archives made of samples, with bytes changed, cut, doubled and mixed: opening them throws nothing, ends, and keeps to its limits. */
export async function fuzzArchives(
  all: readonly Sample[],
  options: { readonly inputs: number; readonly seed: number },
): Promise<ArchiveFigures> {
  const rng = random(options.seed);
  const recorded = readdirSync(new URL("../archive/fixtures", import.meta.url)).flatMap((name) => {
    const bytes = fixtureBytes(name);
    // what is damaged behind the compression gets as far as the tar's own headers
    return name.endsWith(".gz") ? [bytes, gunzipSync(bytes)] : [bytes];
  });
  const failures: { readonly why: string; readonly bytes: string }[] = [];
  let total = 0;
  let findings = 0;
  for (let count = 0; count < options.inputs && failures.length < ENOUGH; count++) {
    const made = rng.below(4) === 0 ? rng.pick(recorded) : archiveOf(all, rng);
    const bytes = rng.below(8) === 0 ? made : damaged(made, rng);
    total += bytes.length;
    const started = process.cpuUsage();
    try {
      const opened = await openBytes(bytes, { bytes: LIMIT });
      const kept = Object.values(opened.texts).reduce((sum, text) => sum + text.length, 0);
      const milliseconds = process.cpuUsage(started).user / 1000;
      const why =
        kept > 2 * LIMIT
          ? `${kept} bytes are kept`
          : milliseconds > ALLOWED
            ? `${Math.round(milliseconds)} ms`
            : Object.keys(opened.texts).find((path) => /(?:^|\/)\.\.(?:\/|$)|^\//.test(path));
      if (why !== undefined) failures.push({ why, bytes: Buffer.from(bytes).toString("base64") });
      findings += opened.findings.length;
    } catch (error) {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      failures.push({ why, bytes: Buffer.from(bytes).toString("base64") });
    }
  }
  return { inputs: options.inputs, bytes: total, findings, failures };
}

const NAMES = [
  "nodes/n1/ip-route.txt",
  "../../etc/passwd",
  "/abs",
  "a/./b",
  "links/x",
  "",
  "\u0000",
  "x".repeat(300),
  "cluster/nodes.yaml",
];

/** A tar, a tar.gz, a gzip of one file, or archives inside of each other. */
function archiveOf(all: readonly Sample[], rng: Random): Uint8Array {
  const parts = Array.from({ length: 1 + rng.below(4) }, () => ({
    name: rng.below(2) === 0 ? rng.pick(NAMES) : rng.pick(all).path,
    content: new TextEncoder().encode(rng.pick(all).text.slice(0, rng.below(3_000))),
  }));
  const tar = tarBytes(parts, rng.below(5) > 0);
  switch (rng.below(5)) {
    case 0:
      return tar;
    case 1:
      return gzipSync(gzipSync(tar));
    case 2:
      return gzipSync(parts[0]?.content ?? new Uint8Array());
    case 3:
      return deflateRawSync(tar);
    default:
      return gzipSync(tar);
  }
}

function damaged(bytes: Uint8Array, rng: Random): Uint8Array {
  let out = Uint8Array.from(bytes);
  for (let times = 1 + rng.below(4); times > 0; times--) {
    const at = rng.below(Math.max(1, out.length));
    switch (rng.below(5)) {
      case 0:
        out = out.slice(0, at);
        break;
      case 1:
        out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at, at + 512), ...out.subarray(at)]);
        break;
      case 2:
        // sizes and offsets stand in headers
        for (let i = 0; i < 12 && at + i < out.length; i++) out[at + i] = rng.pick([0, 0xff, 0x37, 0x80]);
        break;
      case 3:
        out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + rng.below(600))]);
        break;
      default:
        if (out.length > 0) out[at] = rng.below(256);
    }
  }
  return out;
}
