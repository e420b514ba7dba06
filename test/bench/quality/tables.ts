/** Results as Markdown tables: of every set by detector, and of every series. */
import { FIGURES, type FigureName } from "./judgement.js";
import { SET_NAMES, type SetName } from "./series.js";
import type { Result } from "./store.js";

/** The figure by which a set is compared. */
export const MAIN_FIGURE: Readonly<Record<SetName, FigureName>> = {
  SKAB: "auroc",
  SMD: "vusPr",
  NAB: "averagePrecision",
  power: "averagePrecision",
  ECG: "averagePrecision",
  UCR: "hit",
};

const TITLES: Readonly<Record<FigureName, string>> = {
  auroc: "AUROC",
  averagePrecision: "AP",
  vusPr: "VUS-PR",
  hit: "hits",
  falseAlarmsNext: "flagged next (median)",
  falseAlarmsAll: "flagged (mean)",
  moved: "moved",
  eventPrecision: "event precision",
  eventRecall: "event recall",
  medianDelay: "delay",
  causesNamed: "causes named",
};

/**
 * One line for each set and detector: figures are means over series, then mean and standard deviation over seeds;
 * rows flagged at 1 % are the median over series for normal rows directly following, the mean for all normal rows.
 */
export function formatSets(results: readonly Result[]): string {
  const titles = ["set", "detector", "series", ...FIGURES.map((figure) => TITLES[figure])];
  const lines = [row(titles), row(titles.map(() => "---"))];
  for (const set of SET_NAMES) {
    const own = results.filter((result) => result.set === set);
    for (const detector of new Set(own.map((result) => result.detector))) {
      const ofDetector = own.filter((result) => result.detector === detector);
      const series = new Set(ofDetector.map((result) => result.series)).size;
      const cells = FIGURES.map((figure) => formatFigure(ofDetector, figure, figure === MAIN_FIGURE[set]));
      lines.push(row([set, detector, `${series}`, ...cells]));
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The main figure of every series, the mean over seeds, by detector. */
export function formatSeries(results: readonly Result[]): string {
  const detectors = [...new Set(results.map(({ detector }) => detector))];
  const lines = [row(["series", "T", ...detectors]), row(["---", "---", ...detectors.map(() => "---")])];
  for (const set of SET_NAMES) {
    const own = results.filter((result) => result.set === set);
    for (const series of new Set(own.map((result) => result.series))) {
      const ofSeries = own.filter((result) => result.series === series);
      const cells = detectors.map((detector) => {
        const runs = ofSeries.filter((result) => result.detector === detector);
        return formatNumber(mean(present(runs.map(({ figures }) => figures[MAIN_FIGURE[set]]))));
      });
      lines.push(row([`${set} ${series}`, `${ofSeries[0]!.timesteps}`, ...cells]));
    }
  }
  return `${lines.join("\n")}\n`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.trim()).join(" | ")} |`;
}

function formatFigure(results: readonly Result[], figure: FigureName, isMain: boolean): string {
  const pool = figure === "falseAlarmsNext" || figure === "medianDelay" ? median : mean;
  const bySeed = [...new Set(results.map(({ seed }) => seed))].map((seed) =>
    pool(present(results.filter((result) => result.seed === seed).map(({ figures }) => figures[figure]))),
  );
  const seeds = present(bySeed.map((value) => value ?? null));
  const text = formatNumber(mean(seeds)) + (seeds.length > 1 ? ` ±${formatNumber(deviation(seeds))}` : "");
  return isMain && seeds.length > 0 ? `**${text}**` : text;
}

function present(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return mean(sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1));
}

function deviation(values: readonly number[]): number {
  const centre = mean(values)!;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

function formatNumber(value: number | undefined): string {
  if (value === undefined) return "";
  return Math.abs(value) >= 10 ? value.toFixed(0) : value.toFixed(3);
}
