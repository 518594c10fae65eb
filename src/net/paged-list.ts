/**
 * A list that only grows at its end, in pages: one array of many thousands would be copied into a larger one again and again as it grows,
 * into memory that nobody has touched before.
 */
export interface PagedList<T> {
  readonly pages: T[][];
  length: number;
}

const PAGE_BITS = 9;
const PAGE_MASK = (1 << PAGE_BITS) - 1;

export function pagedList<T>(): PagedList<T> {
  return { pages: [], length: 0 };
}

/** Appends an item. Returns its index. */
export function appendItem<T>(list: PagedList<T>, item: T): number {
  const index = list.length++;
  const page = list.pages[index >>> PAGE_BITS];
  if (page === undefined) list.pages.push([item]);
  else page.push(item);
  return index;
}

/** The item at an index from 0; undefined where the list has none. */
export function itemAt<T>({ pages }: PagedList<T>, index: number): T | undefined {
  return pages[index >>> PAGE_BITS]?.[index & PAGE_MASK];
}

/** Puts another item in the place of one. Where the list has none nothing happens. */
export function replaceItem<T>(list: PagedList<T>, index: number, item: T): void {
  const page = list.pages[index >>> PAGE_BITS];
  if (page !== undefined && index < list.length) page[index & PAGE_MASK] = item;
}
