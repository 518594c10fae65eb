import type { DumpLine } from "../dump-text.ts";

/** A row of a table in columns; empty cells, `<none>` and the like are as written. */
export interface ColumnRow {
  readonly number: number;
  /** By heading. */
  readonly cells: ReadonlyMap<string, string>;
}

/** What kubectl and calicoctl print without `-o yaml`. */
export interface ColumnTable {
  readonly number: number;
  readonly headings: readonly string[];
  readonly rows: readonly ColumnRow[];
  /** Rows that do not fit the heading. */
  readonly misfits: readonly DumpLine[];
}

export interface ColumnTables {
  readonly tables: readonly ColumnTable[];
  /** Lines before the first heading. */
  readonly others: readonly DumpLine[];
}

/** Headings of two words, for tables whose blanks were lost. */
const TWO_WORDS = /(NOMINATED NODE|READINESS GATES|NODE SELECTOR|CREATED AT)/;

/** Columns whose cells have any number of words. */
const WORDY: ReadonlySet<string> = new Set(["OS-IMAGE", "POD-SELECTOR", "SELECTOR"]);

const HEADING = /^(?:NAMESPACE|NAME|WORKLOAD|CIDR)(?: +[A-Z][A-Z0-9()/-]*)*$/;

/** True for the first line of such a table. */
export function isHeading(line: string): boolean {
  return HEADING.test(line);
}

/**
 * Splits the lines of `get` into its tables. Columns stand where their headings stand (tabwriter pads with blanks, at least three);
 * in a paste that lost its blanks, cells are counted.
 */
export function columnTables(lines: readonly DumpLine[]): ColumnTables {
  const others: DumpLine[] = [];
  const tables: (ColumnTable & { rows: ColumnRow[]; misfits: DumpLine[]; starts: readonly number[] })[] = [];
  for (const line of lines) {
    if (isHeading(line.text)) {
      tables.push({ number: line.number, ...headingsOf(line.text), rows: [], misfits: [] });
      continue;
    }
    const table = tables.at(-1);
    if (table === undefined) {
      others.push(line);
      continue;
    }
    const cells = byPlace(line.text, table.starts) ?? byCount(line.text, table.headings);
    if (cells === null) table.misfits.push(line);
    else
      table.rows.push({ number: line.number, cells: new Map(table.headings.map((name, i) => [name, cells[i] ?? ""])) });
  }
  return { tables, others };
}

function headingsOf(line: string): { readonly headings: readonly string[]; readonly starts: readonly number[] } {
  const hasWidth = / {2}/.test(line) || !line.includes(" ");
  const pattern = hasWidth ? /\S+(?: \S+)*/g : new RegExp(`${TWO_WORDS.source}|\\S+`, "g");
  const found = [...line.matchAll(pattern)];
  return { headings: found.map((match) => match[0]), starts: found.map((match) => match.index) };
}

/** Null when a cell reaches across the beginning of the next column. */
function byPlace(line: string, starts: readonly number[]): readonly string[] | null {
  const cells: string[] = [];
  for (const [i, start] of starts.entries()) {
    if (i > 0 && start <= line.length && line[start - 1] !== " ") return null;
    cells.push(line.slice(start, starts[i + 1]).trim());
  }
  return cells[0] === "" ? null : cells;
}

/** Null when the row has another number of cells than the heading. */
function byCount(line: string, headings: readonly string[]): readonly string[] | null {
  const wide = line.trim().split(/ {2,}/);
  if (wide.length === headings.length) return wide;
  // `6 (109s ago)` and `a:80,b:80 + 3 more...` are one cell each
  const words = line.trim().match(/\S+(?: \([^)]*ago\))?(?: \+ \d+ more(?:\.{3}|…))?/g) ?? [];
  if (words.length === headings.length) return words;
  const wordy = headings.findIndex((heading) => WORDY.has(heading));
  return wordy > 0 && words.length > headings.length ? words.slice(0, wordy) : null;
}
