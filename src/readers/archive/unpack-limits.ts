/** What an archive may grow to. Sizes that an archive tells are never believed: what comes out is counted. */
export interface UnpackLimits {
  /** Bytes of everything unpacked, archives inside included. */
  readonly bytes: number;
  /** Bytes of one file; a larger one is left out. */
  readonly fileBytes: number;
  readonly entries: number;
  /** So many times its size may an archive grow; null for any. */
  readonly ratio: number | null;
  /** Archives inside of archives. */
  readonly depth: number;
}

const MEGABYTE = 1024 * 1024;

/** A diagnostics bundle of fifty nodes has some hundred megabytes, and text packs to a fiftieth at best. */
export const UNPACK_LIMITS: UnpackLimits = {
  bytes: 1024 * MEGABYTE,
  fileBytes: 64 * MEGABYTE,
  entries: 100_000,
  ratio: 250,
  depth: 3,
};

/** A small archive may be of one letter only: the ratio says something of large ones. */
const RATIO_FROM = 64 * MEGABYTE;

/** Counts what comes out of an archive and what is inside of it. */
export interface UnpackBudget {
  packed(count: number): void;
  /** False when it is too much. */
  unpacked(count: number): boolean;
  /** What stays in memory. */
  kept(count: number): void;
  /** False when it is too many. */
  entry(): boolean;
  /** Which limit was met; null while none is. */
  exceeded(): string | null;
}

export function unpackBudget(limits: UnpackLimits): UnpackBudget {
  let packed = 0;
  let unpacked = 0;
  let kept = 0;
  let entries = 0;
  let why: string | null = null;
  return {
    packed(count) {
      packed += count;
    },
    unpacked(count) {
      unpacked += count;
      if (unpacked > limits.bytes) why ??= `it unpacks to more than ${Math.round(limits.bytes / MEGABYTE)} MB`;
      else if (limits.ratio !== null && unpacked > RATIO_FROM && unpacked > packed * limits.ratio) {
        why ??= `it unpacks to more than ${limits.ratio} times its size`;
      }
      return why === null;
    },
    kept(count) {
      kept += count;
      if (kept > limits.bytes)
        why ??= `what is to be read of it has more than ${Math.round(limits.bytes / MEGABYTE)} MB`;
    },
    entry() {
      entries++;
      if (entries > limits.entries) why ??= `it holds more than ${limits.entries} files`;
      return why === null;
    },
    exceeded: () => why,
  };
}
