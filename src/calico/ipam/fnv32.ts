/** The 32-bit FNV-1 hash of a text in UTF-8, as Go's hash/fnv New32 computes it. */
export function fnv32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = (Math.imul(hash, 0x01000193) ^ byte) >>> 0;
  return hash;
}
