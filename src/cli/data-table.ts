/** What was taken from data files, as a table for a person. */
import type { DataTaken } from "../data/taken.js";
import { significantDigits } from "../scoring/digits.js";

/** Lines of text: the rows and their time, then a table of the features, then what is left out. */
export function formatTaken(taken: DataTaken): string {
  const lines = [`rows: ${taken.rows}`];
  const { time, group, resampled } = taken;
  if (time === null) lines.push("time: none; rows follow each other as they stand in the files");
  else {
    const counts = [
      time.stepMs === null ? "no step" : `step ${formatStep(time.stepMs)}`,
      `${time.duplicates} duplicates`,
      `${time.gaps} gaps`,
      time.ordered ? "in order" : "not in order",
    ];
    const columns = time.columns.map((name) => JSON.stringify(name)).join(" and ");
    lines.push(`time: ${columns} (${time.format}), ${time.first} to ${time.last}; ${counts.join(", ")}`);
  }
  if (resampled !== null) {
    lines.push(
      `resampled: ${resampled.rows} rows, the ${resampled.aggregate} of every ${formatStep(resampled.stepMs)}`,
    );
  }
  if (group !== null) {
    const shown = group.values.slice(0, 12).map((value, index) => `${value} (${group.rows[index]} rows)`);
    const more = group.values.length > 12 ? `, ... (${group.values.length} in all)` : "";
    lines.push(`groups: "${group.column}": ${shown.join(", ")}${more}`);
  }
  const table = [["feature", "unit", "min", "median", "max", "missing", "distinct"]];
  for (const { name, unit, min, median, max, missing, distinct } of taken.features) {
    const numbers = [min, median, max].map((value) => (value === null ? "-" : significantDigits(value, 5)));
    table.push([name, unit ?? "-", ...numbers, String(missing), String(distinct)]);
  }
  lines.push(...alignColumns(table));
  for (const { name, reason } of taken.leftOut) lines.push(`left out: "${name}": ${reason}`);
  return `${lines.join("\n")}\n`;
}

/** A step in the largest unit that makes it a whole number. */
function formatStep(ms: number): string {
  const units = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1000, "s"],
  ] as const;
  const [size, unit] = units.find(([size]) => ms >= size && ms % size === 0) ?? [1, "ms"];
  return `${Number((ms / size).toPrecision(6))} ${unit}`;
}

/** The rows of a table in columns, of which the first are aligned to the left, the others to the right. */
export function alignColumns(rows: readonly (readonly string[])[], left = 2): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < left ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
}
