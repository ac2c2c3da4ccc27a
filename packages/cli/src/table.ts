/**
 * Rows as aligned columns, without tabs and without lines drawn. Used by the commands that list.
 */
import { styleText } from "node:util";
import { displayWidth, fitWidth, padWidth } from "./display-width.ts";
import { printableLine } from "./printable-text.ts";

/** A column; the one that is `flexible` is cut first where the terminal is too narrow. */
export type Column = { readonly title: string; readonly flexible?: boolean };

const gap = "  ";
/** A flexible column keeps at least so much. */
const flexibleColumnsMin = 12;

/**
 * The table's lines, headings first. Cells are made printable. `columnsMax` is the terminal's
 * width; null does not cut.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  columnsMax: number | null,
): string[] {
  const cells = rows.map((row) => row.map(printableLine));
  const widths = columns.map(({ title }, index) =>
    Math.max(displayWidth(title), ...cells.map((row) => displayWidth(row[index] ?? ""))),
  );
  narrow(columns, widths, columnsMax);
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => padWidth(fitWidth(cell, widths[index] ?? 0), widths[index] ?? 0))
      .join(gap)
      .trimEnd();
  const heading = styleText("dim", line(columns.map(({ title }) => title)));
  return [heading, ...cells.map(line)];
}

function narrow(columns: readonly Column[], widths: number[], columnsMax: number | null): void {
  const flexible = columns.findIndex((column) => column.flexible);
  if (columnsMax === null || flexible === -1) return;
  const total = widths.reduce((sum, width) => sum + width, 0) + gap.length * (widths.length - 1);
  const width = widths[flexible] ?? 0;
  widths[flexible] = Math.max(
    Math.min(width, flexibleColumnsMin),
    Math.min(width, width - (total - columnsMax)),
  );
}
