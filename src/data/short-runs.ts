/** Reports runs of rows between gaps that are too short for a window. */
import { findShortRuns } from "../scoring/windows.js";
import type { Dataset } from "./dataset.js";

/**
 * One sentence on the runs of rows between gaps that are shorter than a window, naming the first three by file, group
 * and row; none where there is no such run.
 *
 * @param timesteps T, the rows of a window.
 */
export function describeShortRuns(dataset: Dataset, timesteps: number): string[] {
  const short = dataset.series.flatMap((series) =>
    findShortRuns(series.rows, timesteps, {
      timestampsMs: series.timestampsMs,
      maxGapMs: dataset.maxGapMs,
    }).map((run) => ({ series, run })),
  );
  if (short.length === 0) return [];
  const rows = short.reduce((sum, { run }) => sum + run.end - run.start, 0);
  const shown = short.slice(0, 3).map(({ series, run }) => {
    const first = dataset.files[series.fileIndex]!.firstRow + series.fileRows[run.start]!;
    const last = dataset.files[series.fileIndex]!.firstRow + series.fileRows[run.end - 1]!;
    const group = series.group === undefined ? "" : `, group ${JSON.stringify(series.group)}`;
    return `${series.file}${group} ${first === last ? `row ${first}` : `rows ${first}-${last}`}`;
  });
  const more = short.length > shown.length ? ` and ${short.length - shown.length} more` : "";
  const runs = short.length === 1 ? "A run of rows is" : `${short.length} runs of rows are`;
  return [
    `${runs} shorter than a window of ${timesteps} and ${short.length === 1 ? "gives" : "give"} none (${rows} rows in all): ${shown.join("; ")}${more}.`,
  ];
}
