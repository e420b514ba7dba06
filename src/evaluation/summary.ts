/** Figures of runs: by file, of all files together, and over seeds. */
import type { DetectorName } from "./detector.js";
import { addEventCounts, eventFiguresOf } from "./event-figures.js";
import type { DetectorRun } from "./judgement.js";
import { addCounts, NO_COUNTS, ratesOf } from "./metrics.js";
import type { TestSet } from "./test-set.js";

/** The runs of all detectors on one file. */
export interface FileEvaluation {
  readonly file: string;
  readonly testRows: number;
  readonly countedRows: number;
  readonly anomalousRows: number;
  readonly runs: readonly DetectorRun[];
}

/** The evaluation of one file, without the data. */
export function describeFile(
  file: string,
  testSet: Omit<TestSet, "series" | "timesteps">,
  runs: readonly DetectorRun[],
): FileEvaluation {
  const { rows, countedRows, anomalousRows } = testSet;
  return { file, testRows: rows, countedRows, anomalousRows, runs };
}

/** The figures of a report: shares in [0, 1], and counts. One is undefined where it cannot be taken. */
export const FIGURES = [
  "auroc",
  "averagePrecision",
  "vusPr",
  "falseAlarmsNext",
  "falseAlarmsAll",
  "moved",
  "eventPrecision",
  "eventRecall",
  "medianDelay",
  "f1",
  "precision",
  "recall",
  "falseAlarmRate",
  "events",
  "eventsFound",
  "falseAlarms",
] as const;
export type Figure = (typeof FIGURES)[number];
export type Figures = Readonly<Record<Figure, number | undefined>>;

/** The figures of one run. */
export function figuresOf(run: DetectorRun): Figures {
  const { counts, eventCounts, auroc, averagePrecision, vusPr, falseAlarmsNext, falseAlarmsAll, moved } = run;
  const rates = ratesOf(counts ?? NO_COUNTS);
  const events = eventCounts && eventFiguresOf(eventCounts);
  return {
    auroc,
    averagePrecision,
    vusPr,
    falseAlarmsNext,
    falseAlarmsAll,
    moved,
    eventPrecision: events?.precision,
    eventRecall: events?.recall,
    medianDelay: events?.medianDelay,
    ...rates,
    events: counts?.events,
    eventsFound: counts?.eventsFound,
    falseAlarms: counts?.falseAlarms,
  };
}

/** The runs of one detector, over its seeds. */
export interface DetectorSummary {
  readonly detector: DetectorName;
  readonly runs: readonly DetectorRun[];
  readonly mean: Figures;
  /** The standard deviation over seeds (n - 1); undefined for a single run. */
  readonly deviation: Figures;
}

/** Summarises the runs of each detector. A figure that one of its runs lacks has no mean. */
export function summariseRuns(runs: readonly DetectorRun[]): DetectorSummary[] {
  const names = [...new Set(runs.map(({ detector }) => detector))];
  return names.map((detector) => {
    const own = runs.filter((run) => run.detector === detector);
    const figures = own.map(figuresOf);
    return {
      detector,
      runs: own,
      mean: eachFigure((figure) => mean(figures.map((one) => one[figure]))),
      deviation: eachFigure((figure) => deviation(figures.map((one) => one[figure]))),
    };
  });
}

/**
 * Runs of all files together. Measures of scores are means over the files that have both normal and anomalous rows,
 * since the scores of two models cannot be compared; shares of normal rows, and of what has moved, are means over the files
 * that have them. Rows and events are added up.
 */
export function poolFiles(files: readonly FileEvaluation[]): DetectorRun[] {
  const first = files[0]?.runs ?? [];
  return first.map(({ detector, seed }) => {
    const same = files.map(({ runs }) => runs.find((run) => run.detector === detector && run.seed === seed)!);
    const rated = same.filter((run) => run.auroc !== undefined);
    const overThose = (value: (run: DetectorRun) => number | undefined) =>
      mean(same.map(value).filter((own) => own !== undefined));
    return {
      detector,
      seed,
      threshold: undefined,
      auroc: mean(rated.map((run) => run.auroc)),
      averagePrecision: mean(rated.map((run) => run.averagePrecision)),
      vusPr: mean(rated.map((run) => run.vusPr)),
      falseAlarmsNext: overThose((run) => run.falseAlarmsNext),
      falseAlarmsAll: overThose((run) => run.falseAlarmsAll),
      moved: overThose((run) => run.moved),
      counts: sumOf(
        same.map((run) => run.counts),
        addCounts,
      ),
      eventCounts: sumOf(
        same.map((run) => run.eventCounts),
        addEventCounts,
      ),
    };
  });
}

/** The sum of all; undefined where one is missing. */
function sumOf<T>(values: readonly (T | undefined)[], add: (a: T, b: T) => T): T | undefined {
  return values.reduce((sum, value) =>
    sum === undefined || value === undefined ? undefined : add(sum, value),
  );
}

function eachFigure(value: (figure: Figure) => number | undefined): Figures {
  return Object.fromEntries(FIGURES.map((figure) => [figure, value(figure)])) as Record<
    Figure,
    number | undefined
  >;
}

function mean(values: readonly (number | undefined)[]): number | undefined {
  const numbers = values.filter((value) => value !== undefined);
  if (numbers.length === 0 || numbers.length < values.length) return undefined;
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

function deviation(values: readonly (number | undefined)[]): number | undefined {
  const centre = mean(values);
  if (centre === undefined || values.length < 2) return undefined;
  const squares = values.reduce<number>((sum, value) => sum + (value! - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
