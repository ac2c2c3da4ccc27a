/** One row of the bench's table, and how rows are printed. */

/** One measurement, compared with what it is to reach; null where it has no such number. */
export type Figure = {
  /** What was done, in a few words. */
  readonly name: string;
  /** The main number, with its unit. */
  readonly value: number;
  readonly unit: string;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** What it is to reach; `atLeast` for rates, `atMost` for times and sizes. Null: for the record. */
  readonly goal: { readonly kind: "atLeast" | "atMost"; readonly value: number } | null;
  readonly note: string;
  /** Of a peer: the figure of ours that is the same work, by its name; the first one counts. */
  readonly versus?: string;
};

/** Whether a figure reaches its goal; null without one. */
export function reached({ value, goal }: Figure): boolean | null {
  if (goal === null) return null;
  return goal.kind === "atLeast" ? value >= goal.value : value <= goal.value;
}

/** Our figure divided by a peer's; null where there is none to compare, or it was not measured. */
export function ratioToOurs({ versus, value }: Figure, figures: readonly Figure[]): number | null {
  if (versus === undefined) return null;
  const ours = figures.find(({ name }) => name === versus);
  return ours === undefined ? null : ours.value / value;
}

/** The table, as text with aligned columns. */
export function printedTable(figures: readonly Figure[]): string {
  const header = ["work", "result", "p50 ms", "p99 ms", "goal", "", "ours ÷ peer"];
  const rows = figures.map((figure) => {
    const { goal, unit } = figure;
    const sign = goal?.kind === "atLeast" ? "≥" : "≤";
    const ok = reached(figure);
    const ratio = ratioToOurs(figure, figures);
    return [
      figure.note === "" ? figure.name : `${figure.name} (${figure.note})`,
      `${readable(figure.value)} ${unit}`,
      figure.p50Ms === null ? "" : readable(figure.p50Ms),
      figure.p99Ms === null ? "" : readable(figure.p99Ms),
      goal === null ? "" : `${sign} ${readable(goal.value)} ${unit}`,
      ok === null ? "" : ok ? "reached" : "missed",
      ratio === null ? "" : readable(ratio),
    ];
  });
  const all = [header, ...rows];
  const widths = header.map((_, column) =>
    Math.max(...all.map((row) => (row[column] ?? "").length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [line(header), rule, ...rows.map(line)].join("\n");
}

function readable(value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString("en-US");
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
