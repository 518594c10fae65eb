/** An Ethernet address in lower case; null when it is none (IPoIB, tunnels). */
export function parseMac(text: string): string | null {
  return /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) ? text.toLowerCase() : null;
}
