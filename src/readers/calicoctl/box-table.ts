import type { DumpLine } from "../dump-text.ts";

/** A row of a table in boxes; cells that were wrapped are whole again. */
export interface BoxRow {
  /** Of its first line. */
  readonly number: number;
  /** By heading, in capitals. */
  readonly cells: ReadonlyMap<string, string>;
}

/** What a line is to a table that calicoctl draws. */
export interface BoxTable {
  /** True when the line is part of a table. */
  add(line: DumpLine): boolean;
  /** The rows since the last call. */
  take(): readonly BoxRow[];
}

const BORDER = /^ *[+|├└┌╭╰]?[-+=─┬┼┴├┤┌┐└┘╭╮╰╯]{3,}[+|]?$/;

/**
 * Tables with `|` between the cells and `+----+` around: tablewriter's, which puts words beyond 30 columns into further lines whose
 * other cells are empty, and go-pretty's, which does not (calicoctl up to 3.32, and later).
 */
export function boxTable(): BoxTable {
  let heading: readonly string[] | null = null;
  let rows: { readonly number: number; readonly names: readonly string[]; readonly cells: string[] }[] = [];
  let bordered = false;
  const cellsOf = (text: string): readonly string[] =>
    text
      .trim()
      .replace(/^[|│]/, "")
      .replace(/[|│]$/, "")
      .split(/[|│]/)
      .map((cell) => cell.trim());
  return {
    add({ number, text }) {
      if (BORDER.test(text)) {
        bordered = true;
        return true;
      }
      if (!/^ *[|│]/.test(text)) {
        heading = null;
        return false;
      }
      const cells = cellsOf(text);
      if (heading === null || cells.every((cell) => /^[A-Z][A-Z -]*$/.test(cell))) {
        heading = cells.map((cell) => cell.toUpperCase());
        bordered = false;
        return true;
      }
      const last = rows.at(-1);
      if (last !== undefined && cells[0] === "" && !bordered && last.cells.length === cells.length) {
        for (const [i, cell] of cells.entries()) if (cell !== "") last.cells[i] = `${last.cells[i]} ${cell}`.trim();
      } else rows.push({ number, names: heading, cells: [...cells] });
      bordered = false;
      return true;
    },
    take() {
      const taken = rows.map(({ number, names, cells }) => ({
        number,
        cells: new Map(cells.map((cell, i) => [names[i] ?? "", cell] as const)),
      }));
      rows = [];
      return taken;
    },
  };
}
