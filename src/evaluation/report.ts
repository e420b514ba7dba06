/** Writes an evaluation as tables for people and as JSON for programs. */
import type { DetectorName } from "./detector.js";
import type { DetectorRun } from "./judgement.js";
import {
  type DetectorSummary,
  FIGURES,
  type Figure,
  type Figures,
  type FileEvaluation,
  figuresOf,
  poolFiles,
  summariseRuns,
} from "./summary.js";

const TITLES: Readonly<Record<DetectorName, string>> = {
  model: "model",
  random: "random scores",
  "l2-row": "L2 of rows",
  "l2-window": "L2 of windows",
  "pca-window-70": "PCA of windows, 70 %",
  "pca-window": "PCA of windows, 90 %",
};
const COLUMNS: readonly (readonly [title: string, figure: Figure])[] = [
  ["AUROC", "auroc"],
  ["AP", "averagePrecision"],
  ["VUS-PR", "vusPr"],
  ["flagged next", "falseAlarmsNext"],
  ["flagged", "falseAlarmsAll"],
  ["moved", "moved"],
  ["event precision", "eventPrecision"],
  ["event recall", "eventRecall"],
  ["delay", "medianDelay"],
  ["F1 of rows", "f1"],
];

/**
 * A table for each file, and one for all files where there are several: mean and standard deviation over seeds. "flagged"
 * is the share of normal rows, with no anomaly within a window, that are flagged, and "flagged next" that of those directly
 * after the rows learnt from; "moved" says whether the normal level is said to have moved; "delay" is the median in rows.
 *
 * @param modelTitle the name of the model in the first column.
 */
export function formatReport(files: readonly FileEvaluation[], modelTitle: string): string {
  const tables = files.map(({ file, testRows, countedRows, anomalousRows, runs }) => {
    const left = testRows === countedRows ? "" : ` (${testRows - countedRows} more in no window)`;
    return formatTable(
      `${file}: ${countRows(countedRows)} to test on${left}, ${anomalousRows} of them anomalous`,
      summariseRuns(runs),
      modelTitle,
    );
  });
  if (files.length > 1) {
    tables.push(
      formatTable(
        `All ${files.length} files: means over files; events and rows of F1 are added up`,
        summariseRuns(poolFiles(files)),
        modelTitle,
      ),
    );
  }
  return tables.join("\n");
}

function countRows(count: number): string {
  return count === 1 ? "1 row" : `${count} rows`;
}

/** Cells: the titles of the columns, then a row for each detector. */
export function tabulate(summaries: readonly DetectorSummary[], modelTitle: string): string[][] {
  return [
    ["", ...COLUMNS.map(([title]) => title)],
    ...summaries.map((summary) => [
      titleOf(summary, modelTitle),
      ...COLUMNS.map(([, figure]) =>
        figure === "medianDelay"
          ? formatCount(summary.mean[figure])
          : formatShare(summary.mean[figure], summary.deviation[figure]),
      ),
    ]),
  ];
}

function formatTable(heading: string, summaries: readonly DetectorSummary[], modelTitle: string): string {
  const rows = tabulate(summaries, modelTitle);
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  return `${[heading, ...lines, ...compareSummaries(summaries)].join("\n")}\n`;
}

function titleOf({ detector, runs }: DetectorSummary, modelTitle: string): string {
  const title = detector === "model" ? modelTitle : TITLES[detector];
  return runs.length === 1 ? title : `${title}, ${runs.length} seeds`;
}

function formatShare(mean: number | undefined, deviation: number | undefined): string {
  if (mean === undefined) return "-";
  return deviation === undefined ? mean.toFixed(3) : `${mean.toFixed(3)} ±${deviation.toFixed(3)}`;
}

/** A count of one run without decimals; a mean of several runs with one. */
function formatCount(count: number | undefined): string {
  if (count === undefined) return "-";
  return Number.isInteger(count) ? String(count) : count.toFixed(1);
}

/** A sentence for each figure by which a baseline is at least as good as the model. */
export function compareSummaries(summaries: readonly DetectorSummary[]): string[] {
  const model = summaries.find(({ detector }) => detector === "model");
  if (model === undefined) return [];
  return (
    [
      ["auroc", "AUROC"],
      ["averagePrecision", "AP"],
      ["vusPr", "VUS-PR"],
    ] as const
  ).flatMap(([figure, title]) => {
    const own = model.mean[figure];
    const asGood = summaries.filter(
      ({ detector, mean }) => detector !== "model" && own !== undefined && (mean[figure] ?? -1) >= own,
    );
    if (asGood.length === 0) return [];
    const names = asGood.map(({ detector }) => TITLES[detector]).join(", ");
    return [`At least as good as the model by ${title}: ${names}.`];
  });
}

/** The figures of `formatReport` and those of each run, for JSON; null where there is none. */
export function describeReport(files: readonly FileEvaluation[]): object {
  return {
    files: files.map(({ file, testRows, countedRows, anomalousRows, runs }) => ({
      file,
      testRows,
      countedRows,
      anomalousRows,
      detectors: summariseRuns(runs).map(describeSummary),
    })),
    all: summariseRuns(poolFiles(files)).map(describeSummary),
  };
}

function describeSummary({ detector, runs, mean, deviation }: DetectorSummary): object {
  return {
    detector,
    mean: describeFigures(mean),
    deviation: describeFigures(deviation),
    runs: runs.map(describeRun),
  };
}

function describeRun(run: DetectorRun): object {
  const { seed, threshold, counts } = run;
  const { events: _events, eventsFound: _found, falseAlarms: _alarms, ...figures } = figuresOf(run);
  return { seed: seed ?? null, threshold: threshold ?? null, ...withNulls(figures), counts: counts ?? null };
}

function describeFigures(figures: Figures): Record<Figure, number | null> {
  return withNulls(Object.fromEntries(FIGURES.map((figure) => [figure, figures[figure]])) as Figures);
}

function withNulls<Key extends string>(
  values: Readonly<Record<Key, number | undefined>>,
): Record<Key, number | null> {
  return Object.fromEntries(
    Object.entries<number | undefined>(values).map(([key, value]) => [key, value ?? null]),
  ) as Record<Key, number | null>;
}
