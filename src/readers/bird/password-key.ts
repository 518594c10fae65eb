/** What collectors write in the place of a password. */
const REDACTED = /redacted|removed|hidden|^\*+$|^x+$|^<.*>$|^\s*$/i;

/**
 * A fingerprint by which two passwords can be told apart, and from which none is printed or kept: two 32-bit FNV-1a hashes. Null
 * where a collector has put something in the password's place.
 */
export function passwordKey(text: string): string | null {
  if (REDACTED.test(text)) return null;
  return `${fnv(text, 0x811c9dc5)}-${fnv(text, 0x2545f491)}`;
}

function fnv(text: string, start: number): string {
  let hash = start;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16);
}
