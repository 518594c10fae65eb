/** Octets that grow, big-endian. */
export interface Writer {
  readonly length: number;
  u8(value: number): Writer;
  u16(value: number): Writer;
  u32(value: number): Writer;
  bytes(value: Uint8Array): Writer;
  /** Overwrites 16 bits at an offset. */
  setU16(offset: number, value: number): void;
  /** A copy of what was written. */
  done(): Uint8Array;
}

export function writer(): Writer {
  let buffer = new Uint8Array(128);
  let length = 0;
  const room = (octets: number): number => {
    if (length + octets > buffer.length) {
      const larger = new Uint8Array(Math.max(buffer.length * 2, length + octets));
      larger.set(buffer);
      buffer = larger;
    }
    const at = length;
    length += octets;
    return at;
  };
  const self: Writer = {
    get length() {
      return length;
    },
    u8(value) {
      const at = room(1);
      buffer[at] = value;
      return self;
    },
    u16(value) {
      const at = room(2);
      buffer[at] = value >>> 8;
      buffer[at + 1] = value;
      return self;
    },
    u32(value) {
      const at = room(4);
      buffer[at] = value >>> 24;
      buffer[at + 1] = value >>> 16;
      buffer[at + 2] = value >>> 8;
      buffer[at + 3] = value;
      return self;
    },
    bytes(value) {
      const at = room(value.length);
      buffer.set(value, at);
      return self;
    },
    setU16(offset, value) {
      buffer[offset] = value >>> 8;
      buffer[offset + 1] = value;
    },
    done: () => buffer.slice(0, length),
  };
  return self;
}

/** Octets read from front to back; what is not there is null. */
export interface Reader {
  readonly length: number;
  readonly left: number;
  u8(): number | null;
  u16(): number | null;
  u32(): number | null;
  /** A reader of the next so many octets; null when there are fewer, or the number is. */
  take(octets: number | null): Reader | null;
  /** The octet at an offset from the front. */
  at(offset: number): number | null;
  /** All that is left, copied. */
  rest(): Uint8Array;
  /** All that was there at first, copied. */
  whole(): Uint8Array;
}

export function reader(buffer: Uint8Array, from = 0, to = buffer.length): Reader {
  let position = from;
  const next = (): number => buffer[position++] ?? 0;
  return {
    length: to - from,
    get left() {
      return to - position;
    },
    u8: () => (to - position < 1 ? null : next()),
    u16: () => (to - position < 2 ? null : (next() << 8) | next()),
    u32: () => (to - position < 4 ? null : ((next() << 24) | (next() << 16) | (next() << 8) | next()) >>> 0),
    take(octets) {
      if (octets === null || to - position < octets) return null;
      const start = position;
      position += octets;
      return reader(buffer, start, position);
    },
    at: (offset) => (from + offset < to ? (buffer[from + offset] ?? null) : null),
    rest: () => buffer.slice(position, to),
    whole: () => buffer.slice(from, to),
  };
}
