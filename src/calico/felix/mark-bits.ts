/** The bits of the packet mark that Felix uses (felix/dataplane/driver.go). */
export interface MarkBits {
  /** Policy accepted the packet. */
  readonly accept: number;
  /** A Pass rule left the tier. */
  readonly pass: number;
  /** Policy denied the packet; 0 before v3.30, which knows no such bit. */
  readonly drop: number;
  readonly scratch0: number;
  readonly scratch1: number;
  /** 0 without WireGuard. */
  readonly wireguard: number;
  /** What is left of the mask. */
  readonly endpoint: number;
}

/** Hands out the bits of IptablesMarkMask from the lowest upward, one for each use. Null when they do not suffice. */
export function allocateMarkBits(
  mask: number,
  uses: { readonly drop: boolean; readonly wireguard: boolean },
): MarkBits | null {
  let rest = mask >>> 0;
  let missing = false;
  const next = (wanted: boolean): number => {
    if (!wanted) return 0;
    const bit = (rest & -rest) >>> 0;
    missing ||= bit === 0;
    rest = (rest & ~bit) >>> 0;
    return bit;
  };
  const accept = next(true);
  const pass = next(true);
  const drop = next(uses.drop);
  const scratch0 = next(true);
  const scratch1 = next(true);
  const wireguard = next(uses.wireguard);
  return missing ? null : { accept, pass, drop, scratch0, scratch1, wireguard, endpoint: rest };
}

/** The bits that Felix clears where a packet enters its chains; the drop bit is not among them. */
export function clearedOnEntry(bits: MarkBits): number {
  return (bits.accept | bits.pass | bits.scratch0 | bits.scratch1) >>> 0;
}

/** `0xf0000`, as Felix writes marks. */
export function formatMark(mark: number): string {
  return `0x${mark.toString(16)}`;
}
