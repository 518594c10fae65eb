/** One entry of a tar made by hand, for what no tar program writes. */
export interface TarPart {
  readonly name: string | Uint8Array;
  readonly content?: string | Uint8Array;
  readonly type?: string;
  readonly target?: string;
  /** Told instead of the content's own length. */
  readonly size?: number;
}

const encode = (text: string | Uint8Array): Uint8Array =>
  typeof text === "string" ? new TextEncoder().encode(text) : text;

/** A ustar archive with its end mark. */
export function tarBytes(parts: readonly TarPart[], end = true): Uint8Array {
  const blocks = parts.flatMap((part) => {
    const content = encode(part.content ?? "");
    const padding = new Uint8Array((512 - (content.length % 512)) % 512);
    return [header(part, part.size ?? content.length), content, padding];
  });
  return concat([...blocks, new Uint8Array(end ? 1024 : 0)]);
}

function header(part: TarPart, size: number): Uint8Array {
  const block = new Uint8Array(512);
  const put = (at: number, text: string | Uint8Array): void => block.set(encode(text), at);
  put(0, encode(part.name).subarray(0, 100));
  put(100, "0000644\0");
  put(108, "0000000\0");
  put(116, "0000000\0");
  put(124, `${size.toString(8).padStart(11, "0")}\0`);
  put(136, "14500000000\0");
  put(148, "        ");
  put(156, part.type ?? "0");
  put(157, encode(part.target ?? "").subarray(0, 100));
  put(257, "ustar\0" + "00");
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
