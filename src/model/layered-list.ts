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
      const list = layers.own.concat(...pieces(layers));
      known.set(list, layers);
      return list;
    },
    layersOf: (list) => known.get(list) ?? null,
  };
}

/** The shared list in pieces, between the few items that are left out: they are copied whole. */
function pieces<T>({ shared, without }: Layers<T>): readonly (readonly T[])[] {
  if (without.size > FEW) return [shared.filter((item) => !without.has(item))];
  const gaps = [...without].flatMap((item) => {
    const at = shared.indexOf(item);
    return at < 0 ? [] : [at];
  });
  const bounds = [-1, ...gaps.sort((x, y) => x - y), shared.length];
  return bounds.slice(1).map((end, i) => shared.slice((bounds[i] ?? 0) + 1, end));
}

const FEW = 16;
