/** Names nft prints instead of priorities, and the families in which they mean the same (man nft, "BASE CHAINS"). */
const PRIORITIES: ReadonlyMap<string, number> = new Map([
  ["raw", -300],
  ["mangle", -150],
  ["dstnat", -100],
  ["filter", 0],
  ["security", 50],
  ["srcnat", 100],
]);

const BRIDGE_PRIORITIES: ReadonlyMap<string, number> = new Map([
  ["dstnat", -300],
  ["filter", -200],
  ["out", 100],
  ["srcnat", 300],
]);

/** `0`, `-150`, `filter`, `srcnat + 10`, `filter - 5`; null when malformed. */
export function parsePriority(text: string, family: string): number | null {
  const parts = /^(-?\d+|[a-z]+)(?:\s*([+-])\s*(\d+))?$/.exec(text.trim());
  if (parts === null) return null;
  const [, head = "", sign, offset = "0"] = parts;
  const base = /^-?\d+$/.test(head) ? Number(head) : (family === "bridge" ? BRIDGE_PRIORITIES : PRIORITIES).get(head);
  if (base === undefined) return null;
  return sign === "-" ? base - Number(offset) : base + Number(offset);
}
