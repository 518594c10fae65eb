/** An inclusive range of ports (host order). */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Sorted, disjoint, not adjacent ranges. */
export type PortSet = readonly PortRange[];

/** Normalises any ranges into a PortSet. */
export function portSet(ranges: Iterable<PortRange>): PortSet {
  const sorted = [...ranges].filter((r) => r.first <= r.last).sort((x, y) => x.first - y.first);
  const merged: PortRange[] = [];
  for (const range of sorted) {
    const previous = merged.at(-1);
    if (previous !== undefined && range.first <= previous.last + 1) {
      merged[merged.length - 1] = { first: previous.first, last: Math.max(previous.last, range.last) };
    } else merged.push(range);
  }
  return merged;
}

export function portSetSize(set: PortSet): number {
  let size = 0;
  for (const range of set) size += range.last - range.first + 1;
  return size;
}

export function portSetHas(set: PortSet, port: number): boolean {
  for (let index = 0; index < set.length; index++) {
    const range = set[index];
    if (range !== undefined && port >= range.first && port <= range.last) return true;
  }
  return false;
}

export function intersectPortSets(x: PortSet, y: PortSet): PortSet {
  const common: PortRange[] = [];
  for (const p of x) {
    for (const q of y) common.push({ first: Math.max(p.first, q.first), last: Math.min(p.last, q.last) });
  }
  return portSet(common);
}

/** Ports of `x` that are not in `y`. */
export function subtractPortSets(x: PortSet, y: PortSet): PortSet {
  let rest: PortRange[] = [...x];
  for (const cut of y) {
    rest = rest.flatMap((range) => [
      { first: range.first, last: Math.min(range.last, cut.first - 1) },
      { first: Math.max(range.first, cut.last + 1), last: range.last },
    ]);
    rest = rest.filter((range) => range.first <= range.last);
  }
  return portSet(rest);
}

/** `80,443,8080-8090`. */
export function formatPortSet(set: PortSet): string {
  return set.map((r) => (r.first === r.last ? `${r.first}` : `${r.first}-${r.last}`)).join(",");
}
