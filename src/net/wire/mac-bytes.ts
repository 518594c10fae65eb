/** The six bytes of a MAC address; zeros where it is none. */
export function macBytes(mac: string): readonly number[] {
  const parts = mac.split(":").map((part) => Number.parseInt(part, 16));
  return parts.length === 6 ? parts : [0, 0, 0, 0, 0, 0];
}
