import type { Prefix } from "../../net/prefix.ts";

/** The order in which BIRD 2 walks a table (FIB_INSERT of nest/rt-fib.c): by the whole hash, of equal ones the latest in front. */
export function inOrderOfBird2<T extends { readonly prefix: Prefix }>(nets: Iterable<T>): readonly T[] {
  return [...nets]
    .map((net, index) => ({ net, index, place: hash(net.prefix) }))
    .sort((x, y) => x.place - y.place || y.index - x.index)
    .map(({ net }) => net);
}

const FACTOR = 2_902_958_171;

/** net_hash_ip4() and net_hash_ip6() of lib/net.h. */
function hash({ address: { family, a, b, c, d }, length }: Prefix): number {
  const folded = a ^ b ^ c ^ d;
  const mixed = family === 4 ? Math.imul(a, FACTOR) : folded ^ (folded << 16) ^ (folded << 24);
  return (mixed ^ (length << 26)) >>> 0;
}
