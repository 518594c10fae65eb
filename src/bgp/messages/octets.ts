/** Octets that grow, big-endian. */
export interface Writer {
  readonly length: number;
  u8(value: number): Writer;
  u16(value: number): Writer;
  u32(value: number): Writer;
  bytes(value: Uint8Array): Writer;
  /** Overwrites 16 bits at an offset. */
  setU16(offset: number, value: number): void;
  /** A copy of what was written, or of a part of it. */
  done(from?: number, to?: number): Uint8Array;
}

interface Writing extends Writer {
  buffer: Uint8Array;
  length: number;
}

function room(self: Writing, octets: number): number {
  const at = self.length;
  if (at + octets > self.buffer.length) {
    const larger = new Uint8Array(Math.max(self.buffer.length * 2, at + octets));
    larger.set(self.buffer);
    self.buffer = larger;
  }
  self.length = at + octets;
  return at;
}

// All writers, and all readers, have their functions in common: there is one for each part of a message.
const WRITING = {
  u8(this: Writing, value: number): Writer {
    const at = room(this, 1);
    this.buffer[at] = value;
    return this;
  },
  u16(this: Writing, value: number): Writer {
    const at = room(this, 2);
    this.buffer[at] = value >>> 8;
    this.buffer[at + 1] = value;
    return this;
  },
  u32(this: Writing, value: number): Writer {
    const at = room(this, 4);
    const { buffer } = this;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
    return this;
  },
  bytes(this: Writing, value: Uint8Array): Writer {
    const at = room(this, value.length);
    this.buffer.set(value, at);
    return this;
  },
  setU16(this: Writing, offset: number, value: number): void {
    this.buffer[offset] = value >>> 8;
    this.buffer[offset + 1] = value;
  },
  done(this: Writing, from = 0, to = this.length): Uint8Array {
    return this.buffer.slice(from, to);
  },
};

export function writer(): Writer {
  const { u8, u16, u32, bytes, setU16, done } = WRITING;
  const made: Writing = { u8, u16, u32, bytes, setU16, done, buffer: new Uint8Array(128), length: 0 };
  return made;
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

interface Reading extends Reader {
  readonly buffer: Uint8Array;
  readonly to: number;
  left: number;
}

const READING = {
  u8(this: Reading): number | null {
    const { buffer, to, left } = this;
    if (left < 1) return null;
    this.left = left - 1;
    return buffer[to - left] ?? 0;
  },
  u16(this: Reading): number | null {
    const { buffer, to, left } = this;
    if (left < 2) return null;
    this.left = left - 2;
    const at = to - left;
    return ((buffer[at] ?? 0) << 8) | (buffer[at + 1] ?? 0);
  },
  u32(this: Reading): number | null {
    const { buffer, to, left } = this;
    if (left < 4) return null;
    this.left = left - 4;
    const at = to - left;
    const high = ((buffer[at] ?? 0) << 24) | ((buffer[at + 1] ?? 0) << 16);
    return (high | ((buffer[at + 2] ?? 0) << 8) | (buffer[at + 3] ?? 0)) >>> 0;
  },
  take(this: Reading, octets: number | null): Reader | null {
    const { buffer, to, left } = this;
    if (octets === null || left < octets) return null;
    this.left = left - octets;
    const from = to - left;
    return reader(buffer, from, from + octets);
  },
  at(this: Reading, offset: number): number | null {
    const { buffer, to, length } = this;
    return offset < length ? (buffer[to - length + offset] ?? null) : null;
  },
  rest(this: Reading): Uint8Array {
    return this.buffer.slice(this.to - this.left, this.to);
  },
  whole(this: Reading): Uint8Array {
    return this.buffer.slice(this.to - this.length, this.to);
  },
};

export function reader(buffer: Uint8Array, from = 0, to = buffer.length): Reader {
  const { u8, u16, u32, take, at, rest, whole } = READING;
  const made: Reading = { u8, u16, u32, take, at, rest, whole, buffer, to, length: to - from, left: to - from };
  return made;
}
