/** All pictures of a series, over the same rows: they zoom, pan and show values together. */
import { MinMaxSeries } from "../charts/min-max.js";
import { h } from "./dom.js";
import { formatCount, formatTime } from "./format.js";
import { HeatMap } from "./heat-map.js";
import { type Line, LineChart } from "./line-chart.js";
import { Overview } from "./overview.js";
import { type PlotEvents, RowAxis, type RowRange } from "./plot-frame.js";
import type { SeriesRows, SeriesScores } from "./series-data.js";
import type { ServiceEvent } from "./service-types.js";
import { onThemeChange } from "./theme.js";
import type { UPlot } from "./uplot.js";
import type { Judgement } from "./verdicts.js";
import { listenForMoves, viewButtons } from "./view-moves.js";

/** A version's scores of the rows, with what a threshold makes of them. */
export interface ShownScores {
  /** "pump 2" */
  readonly label: string;
  readonly scores: SeriesScores;
  judgement: Judgement;
}

export interface SeriesViewOptions {
  readonly series: SeriesRows;
  readonly units: readonly (string | null)[];
  /** One version, or two on the same rows. */
  readonly shown: readonly ShownScores[];
  readonly features: readonly string[];
  readonly range: RowRange;
  /** Called when other rows are shown. */
  readonly moved: (range: RowRange) => void;
  readonly signal: AbortSignal;
}

/** A score that is so many times the threshold leaves no room for the others on a linear scale. */
const WIDE_SPREAD = 12;

export class SeriesView {
  readonly element = h("div", {
    class: "charts",
    tabindex: "0",
    role: "group",
    "aria-label":
      "Charts. Left and right arrow move, plus and minus zoom, 0 shows all rows, n and p go to the next and the previous event.",
  });
  readonly axis: RowAxis;
  readonly scoreCharts: readonly LineChart[];
  readonly heatMap: HeatMap | undefined;
  featureCharts: readonly LineChart[] = [];
  readonly #options: SeriesViewOptions;
  readonly #uPlot: UPlot;
  readonly #overview: Overview;
  /** By column, so that a feature that is shown again is not looked through again. */
  readonly #looked = new Map<Float64Array, MinMaxSeries>();
  readonly #place = h("span", { class: "place" });
  readonly #featurePlace = h("div", {});
  readonly #events: PlotEvents;
  #range: RowRange;
  #width = 0;
  #hovered: number | undefined;

  constructor(UPlotClass: UPlot, options: SeriesViewOptions) {
    const { series, shown, signal } = options;
    this.#uPlot = UPlotClass;
    this.#options = options;
    this.axis = new RowAxis(series);
    this.#range = this.axis.clamp(options.range);
    this.#events = { zoom: (range) => this.zoom(range), hover: (row) => this.#hover(row) };
    const scores = shown.map(({ scores: own }) => new MinMaxSeries(own.score));
    this.scoreCharts = shown.map((own, index) => this.#scoreChart(own, scores[index]!, index));
    this.#overview = new Overview({
      score: scores[0]!,
      axis: this.axis,
      bands: () => shown[0]!.judgement.events,
      zoom: (range) => this.zoom(range),
    });
    const errors = shown[0]!.scores.featureError;
    if (errors !== undefined) {
      this.heatMap = new HeatMap({
        features: series.features,
        errors,
        axis: this.axis,
        events: this.#events,
      });
    }
    this.element.append(
      h("div", { class: "row controls" }, this.#place, viewButtons(this)),
      this.#overview.canvas,
      ...this.scoreCharts.map((chart) => chart.element),
      this.#featurePlace,
      ...(this.heatMap === undefined ? [] : [this.heatMap.element]),
    );
    this.showFeatures(options.features);
    const observer = new ResizeObserver(() => this.#resize());
    observer.observe(this.element);
    onThemeChange(() => this.#rebuild(), signal);
    signal.addEventListener("abort", () => {
      observer.disconnect();
      for (const chart of this.#charts()) chart.destroy();
    });
    listenForMoves(this, this.element);
  }

  get range(): RowRange {
    return this.#range;
  }

  get hovered(): number | undefined {
    return this.#hovered;
  }

  get events(): readonly ServiceEvent[] {
    return this.#options.shown[0]!.judgement.events;
  }

  zoom(range: RowRange): void {
    this.#range = this.axis.clamp(range);
    this.#show();
    this.#options.moved(this.#range);
  }

  /** Shows an event with some rows around it. */
  zoomToEvent({ start, end }: { readonly start: number; readonly end: number }): void {
    const around = Math.max(20, (end - start + 1) * 1.5);
    this.zoom({ from: start - around, to: end + around });
  }

  /** After a threshold has changed. */
  judged(): void {
    for (const chart of this.#charts()) chart.redraw();
    this.#overview.rebuild();
  }

  /** Gives each of these features a chart. */
  showFeatures(names: readonly string[]): void {
    for (const chart of this.featureCharts) chart.destroy();
    const { series, units, shown } = this.#options;
    const chosen = series.features.flatMap((name, index) => (names.includes(name) ? [{ name, index }] : []));
    this.featureCharts = chosen.map(({ name, index }, place) => {
      const unit = units[index] ?? null;
      const lines: Line[] = [
        { label: "reading", series: this.#look(series.readings[index]!), colour: (theme) => theme.reading },
        ...shown.flatMap(({ scores, label }, version): Line[] => {
          const column = scores.reconstruction?.[index];
          if (column === undefined) return [];
          return [
            {
              label: shown.length === 1 ? "reconstruction" : label,
              series: this.#look(column),
              colour: (theme) => (version === 0 ? theme.reconstruction : theme.otherScore),
            },
          ];
        }),
      ];
      return new LineChart(this.#uPlot, {
        // Many columns have their unit in their name.
        title: unit === null || name.includes(unit) ? name : `${name} (${unit})`,
        height: 104,
        lines,
        axis: this.axis,
        hasLabels: place === chosen.length - 1,
        bands: () => shown[0]!.judgement.events,
        events: this.#events,
      });
    });
    this.#featurePlace.replaceChildren(...this.featureCharts.map((chart) => chart.element));
    if (this.#width > 0) for (const chart of this.featureCharts) chart.show(this.#range, this.#width);
  }

  #look(column: Float64Array): MinMaxSeries {
    const known = this.#looked.get(column) ?? new MinMaxSeries(column);
    this.#looked.set(column, known);
    return known;
  }

  #scoreChart(own: ShownScores, score: MinMaxSeries, index: number): LineChart {
    const [low, high] = score.extent(0, score.length);
    const threshold = own.judgement.threshold ?? high;
    return new LineChart(this.#uPlot, {
      title: this.#options.shown.length === 1 ? "Score" : `Score, ${own.label}`,
      height: 132,
      lines: [
        {
          label: own.scores.threshold?.scorer ?? "score",
          series: score,
          colour: (theme) => (index === 0 ? theme.score : theme.otherScore),
        },
      ],
      axis: this.axis,
      hasLabels: index === this.#options.shown.length - 1,
      bands: () => own.judgement.events,
      level: () => own.judgement.threshold,
      style: `score-${index}`,
      isLogarithmic: low > 0 && high > WIDE_SPREAD * threshold,
      events: this.#events,
    });
  }

  #charts(): LineChart[] {
    return [...this.scoreCharts, ...this.featureCharts];
  }

  #show(): void {
    if (this.#width === 0) return;
    const parts = [this.#overview, ...this.#charts(), ...(this.heatMap === undefined ? [] : [this.heatMap])];
    for (const part of parts) part.show(this.#range, this.#width);
    this.#place.textContent = this.describeRange();
  }

  /** In words. */
  describeRange(): string {
    const { from, to } = this.#range;
    const { timesMs, rows } = this.#options.series;
    const of = to - from === rows ? "all" : `${formatCount(from)} to ${formatCount(to - 1)} of`;
    const text = `Rows: ${of} ${formatCount(rows)}`;
    if (timesMs === undefined) return text;
    return `${text} · ${formatTime(timesMs[from]!)} to ${formatTime(timesMs[to - 1]!)} UTC`;
  }

  #resize(): void {
    const width = Math.floor(this.element.clientWidth);
    if (width === 0 || width === this.#width) return;
    this.#width = width;
    this.#show();
  }

  #rebuild(): void {
    for (const chart of this.#charts()) chart.rebuild();
    this.heatMap?.rebuild();
    this.#overview.rebuild();
  }

  #hover(row: number | undefined): void {
    if (row === this.#hovered) return;
    this.#hovered = row;
    for (const chart of this.#charts()) chart.hover(row);
    this.heatMap?.hover(row);
    const { timesMs } = this.#options.series;
    if (row === undefined) this.#place.textContent = this.describeRange();
    else {
      const time = timesMs === undefined ? "" : ` · ${formatTime(timesMs[row]!)} UTC`;
      this.#place.textContent = `Row ${formatCount(row)}${time}`;
    }
  }
}
