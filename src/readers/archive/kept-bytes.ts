/**
 * The bytes of a file as they came out of an archive. Of the files of a big one a question needs a few, and only those are put together
 * in one piece (`inOnePiece`).
 */
export interface KeptBytes {
  readonly length: number;
  readonly pieces: readonly Uint8Array[];
}

/** A piece this much smaller than the memory it stands in is copied, so that it does not hold all of that. */
const MOST_WASTE = 4;

/** Collects the pieces of one file. They must not be written to afterwards. */
export interface KeptPieces {
  add(piece: Uint8Array): void;
  kept(): KeptBytes;
}

export function keptPieces(): KeptPieces {
  const pieces: Uint8Array[] = [];
  let length = 0;
  return {
    add(piece) {
      pieces.push(piece.length * MOST_WASTE < piece.buffer.byteLength ? piece.slice() : piece);
      length += piece.length;
    },
    kept: () => ({ length, pieces }),
  };
}

export function keptWhole(bytes: Uint8Array): KeptBytes {
  return { length: bytes.length, pieces: [bytes] };
}

export function inOnePiece({ length, pieces }: KeptBytes): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Its first bytes, or all of them where it has fewer. */
export function firstBytes({ length, pieces }: KeptBytes, count: number): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && (first.length >= count || pieces.length === 1)) return first.subarray(0, count);
  const start: Uint8Array[] = [];
  let have = 0;
  for (const piece of pieces) {
    if (have >= count) break;
    start.push(piece);
    have += piece.length;
  }
  return inOnePiece({ length: Math.min(have, length), pieces: start }).subarray(0, count);
}
