/** A cell that is a number stands on the right; all others on the left. */
const NUMBER = /^-?(?:\d{1,3}(?:,\d{3})*|\d+)(?:\.\d+)?$/;

/** A text in the middle, with the odd blank behind it. */
function centred(text: string, width: number): string {
  const gap = width - text.length;
  return `${" ".repeat(Math.floor(gap / 2))}${text}${" ".repeat(Math.ceil(gap / 2))}`;
}

/** A table as calicoctl prints it up to v3.32 (github.com/olekukonko/tablewriter 0.0.5 with its usual settings). */
export function tableText(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    rows.reduce((most, row) => Math.max(most, (row[column] ?? "").length), title.length),
  );
  const rule = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+\n`;
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  const body = rows.map((row) =>
    line(
      widths.map((width, column) => {
        const cell = row[column] ?? "";
        return NUMBER.test(cell) ? cell.padStart(width) : cell.padEnd(width);
      }),
    ),
  );
  const titles = line(header.map((title, column) => centred(title, widths[column] ?? 0)));
  return rule + titles + rule + body.join("") + rule;
}
