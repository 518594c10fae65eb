import type { ColumnRow } from "./column-table.ts";

/** An API object as far as one row of a table tells it. */
export interface RowObject {
  readonly namespace: string | null;
  readonly name: string;
  /** `spec`, `status`, `subsets` and the like. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** How the rows of one kind of table become objects. */
export interface RowReader {
  readonly kind: string;
  readonly apiVersion: string;
  readonly namespaced: boolean;
  /** Prefix of names where several kinds were asked for: `pod/web-0`. */
  readonly prefix: RegExp;
  /** Columns that tell this table from others; the first reader whose columns are all there is taken. */
  readonly columns: readonly string[];
  /** Fields of the object that such a table does not tell, given its headings. */
  untold(headings: ReadonlySet<string>): readonly string[];
  /** The object of a row; in words, why there is none. */
  read(row: ColumnRow): RowObject | { readonly problem: string };
}

/** A cell; null for what kubectl and calicoctl print in place of nothing. */
export function cell(row: ColumnRow, heading: string): string | null {
  const text = row.cells.get(heading) ?? "";
  return text === "" || /^<(?:none|unset|unknown|pending|nil|nodes)>$/.test(text) || text === "-" ? null : text;
}

/** `a,b + 3 more...`: the elements, and whether some were left out. */
export function listCell(
  row: ColumnRow,
  heading: string,
): { readonly items: readonly string[]; readonly cut: boolean } {
  const text = cell(row, heading) ?? "";
  const cut = / \+ \d+ more|(?:\.{3}|…)$/.test(text);
  const whole = text.replace(/ \+ \d+ more.*$/, "");
  const items = whole.split(",").filter((item) => item !== "" && !/(?:\.{3}|…)$/.test(item));
  return { items, cut };
}
