/** Bits of the TCP header's flags byte. */
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
/** Congestion: echoed, and the window reduced for it (RFC 3168 section 6.1). */
export const ECE = 0x40;
export const CWR = 0x80;

const LETTERS: readonly (readonly [string, number])[] = [
  ["F", FIN],
  ["S", SYN],
  ["R", RST],
  ["P", PSH],
  ["A", ACK],
  ["U", URG],
  ["E", ECE],
  ["C", CWR],
];

/** Flags from letters of `FSRPAUEC` in any order; null when another letter occurs. */
export function parseTcpFlags(letters: string): number | null {
  let flags = 0;
  for (const letter of letters) {
    const entry = LETTERS.find(([name]) => name === letter.toUpperCase());
    if (entry === undefined) return null;
    flags |= entry[1];
  }
  return flags;
}

/** Letters in header order, `SA` for SYN+ACK. */
export function formatTcpFlags(flags: number): string {
  return LETTERS.filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name)
    .join("");
}
