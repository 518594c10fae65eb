/** A list that is for the most part another one, which many share: what is made of the shared part is made once. */
export interface Layers<T> {
  /** Has no item twice. */
  readonly shared: readonly T[];
  /** Items of the shared list that this one does not have. */
  readonly without: ReadonlySet<T>;
  /** Items that only this one has. */
  readonly own: readonly T[];
}

/** Makes layered lists of one kind, and tells of a list what it is made of. */
export interface Layering<T> {
  /** The list of `layers`: its own items, then what it has of the shared ones. */
  list(layers: Layers<T>): readonly T[];
  /** Null for a list that was not made here, such as a changed copy of one that was. */
  layersOf(list: readonly T[]): Layers<T> | null;
}

export function layering<T>(): Layering<T> {
  const known = new WeakMap<readonly T[], Layers<T>>();
  return {
    list: (layers) => {
      const list = joined(layers);
      known.set(list, layers);
      return list;
    },
    layersOf: (list) => known.get(list) ?? null,
  };
}

/** One copy of the shared list, which may have thousands of items, without the few that are left out. */
function joined<T>({ shared, without, own }: Layers<T>): readonly T[] {
  if (without.size > FEW) return own.concat(shared.filter((item) => !without.has(item)));
  const list = own.concat(shared);
  const gaps = [...without].map((item) => list.indexOf(item, own.length)).filter((at) => at >= 0);
  for (const at of gaps.sort((x, y) => y - x)) list.splice(at, 1);
  return list;
}

const FEW = 16;
