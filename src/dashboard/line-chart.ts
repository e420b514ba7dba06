/** Lines over the rows of a series, drawn by uPlot from the extremes of each column of pixels. */
import type { Theme } from "../charts/colours.js";
import { linePoints, type MinMaxSeries } from "../charts/min-max.js";
import { drawBands, drawDenseLine, drawLevel } from "./chart-marks.js";
import { h } from "./dom.js";
import { formatNumber } from "./format.js";
import {
  type Band,
  gutterOf,
  type PlotEvents,
  RIGHT_MARGIN,
  type RowAxis,
  type RowRange,
} from "./plot-frame.js";
import { currentTheme } from "./theme.js";
import { timeLabels } from "./time-labels.js";
import type { UPlot, uPlot } from "./uplot.js";

export interface Line {
  readonly label: string;
  readonly series: MinMaxSeries;
  readonly colour: (theme: Theme) => string;
  readonly width?: number;
}

export interface LineChartOptions {
  readonly title: string;
  readonly height: number;
  readonly lines: readonly Line[];
  readonly axis: RowAxis;
  /** Whether the horizontal axis has labels. */
  readonly hasLabels: boolean;
  readonly bands: () => readonly Band[];
  /** A level that is drawn across; undefined for none. */
  readonly level?: () => number | undefined;
  readonly isLogarithmic?: boolean;
  /** A class of the element, for the colours of its legend. */
  readonly style?: string;
  readonly events: PlotEvents;
}

const FONT = "11px system-ui, sans-serif";
const SYNC_KEY = "series";
/** In CSS pixels. */
const LINE_WIDTH = 1.25;

export class LineChart {
  readonly element: HTMLElement;
  readonly #uPlot: UPlot;
  readonly #options: LineChartOptions;
  readonly #values: HTMLElement[];
  readonly #place = h("div", { class: "plot" });
  #plot: uPlot | undefined;
  #range: RowRange = { from: 0, to: 1 };
  #width = 0;
  /** Whether there are more rows than are drawn one by one. */
  #isDense = false;

  constructor(UPlotClass: UPlot, options: LineChartOptions) {
    this.#uPlot = UPlotClass;
    this.#options = options;
    this.#values = options.lines.map(() => h("span", { class: "value" }));
    const legend = options.lines.map(({ label }, line) =>
      h("span", { class: `key line-${line}` }, h("i", {}), label, " ", this.#values[line]!),
    );
    this.element = h(
      "figure",
      { class: `chart ${options.style ?? ""}` },
      h("figcaption", {}, h("strong", {}, options.title), h("span", { class: "legend" }, ...legend)),
      this.#place,
    );
  }

  get title(): string {
    return this.#options.title;
  }

  /** What is drawn; undefined before it has a width. */
  get canvas(): HTMLCanvasElement | undefined {
    return this.#plot?.ctx.canvas;
  }

  /** @param width of the whole chart, in CSS pixels. */
  show(range: RowRange, width: number): void {
    this.#range = range;
    if (this.#plot === undefined || width !== this.#width) {
      this.#width = width;
      this.#build();
      return;
    }
    const { data, scale } = this.#data();
    const plot = this.#plot;
    plot.batch(() => {
      plot.setData(data, false);
      plot.setScale("x", scale);
    });
  }

  /** Draws bands and level anew. */
  redraw(): void {
    this.#plot?.redraw(false, false);
  }

  /** Draws all of it anew, in the colours of now. */
  rebuild(): void {
    if (this.#plot !== undefined) this.#build();
  }

  /** Shows the values at a row. */
  hover(row: number | undefined): void {
    this.#options.lines.forEach(({ series }, line) => {
      const text = row === undefined ? "" : formatNumber(series.values[row] ?? Number.NaN);
      if (this.#values[line]!.textContent !== text) this.#values[line]!.textContent = text;
    });
  }

  destroy(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #data(): { data: uPlot.AlignedData; scale: { min: number; max: number } } {
    const { axis, lines } = this.#options;
    const { from, to } = this.#range;
    const columns = Math.max(50, Math.round(this.#width - gutterOf(this.#width) - RIGHT_MARGIN));
    const points = lines.map(({ series }) => linePoints(series, from, to, columns));
    this.#isDense = points[0]!.rows.length < to - from;
    const places = Float64Array.from(points[0]!.rows, (row) => axis.placeOf(row));
    return {
      data: [places, ...points.map(({ values }) => values)] as uPlot.AlignedData,
      scale: { min: axis.placeOf(from), max: axis.placeOf(to - 1) },
    };
  }

  #build(): void {
    this.#plot?.destroy();
    const { data, scale } = this.#data();
    this.#plot = new this.#uPlot(this.#settings(scale), data, this.#place);
  }

  #settings(scale: { min: number; max: number }): uPlot.Options {
    const theme = currentTheme();
    const { axis, lines, height, hasLabels, events, isLogarithmic = false } = this.#options;
    const gutter = gutterOf(this.#width);
    const thinLine = this.#uPlot.paths.linear!();
    const axisStyle = { stroke: theme.quietText, font: FONT, ticks: { show: false } };
    return {
      width: this.#width,
      height: hasLabels ? height + 34 : height,
      padding: [6, RIGHT_MARGIN, 0, 0],
      legend: { show: false },
      tzDate: (seconds) => this.#uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: {
        sync: { key: SYNC_KEY, setSeries: false },
        drag: { x: true, y: false, setScale: false },
        points: { size: 6, width: 1.5 },
        y: false,
        // The view does it for all charts.
        bind: { dblclick: () => null },
      },
      scales: {
        x: { time: axis.isTime, ...scale },
        y: { distr: isLogarithmic ? 3 : 1, range: (_plot, low, high) => this.#verticalRange(low, high) },
      },
      axes: [
        {
          ...axisStyle,
          grid: { stroke: theme.grid, width: 1 },
          size: hasLabels ? 38 : 4,
          space: 70,
          values: (_plot, splits, _axis, _space, step) => {
            if (!hasLabels) return splits.map(() => "");
            return axis.isTime
              ? timeLabels(splits, step)
              : splits.map((row) => (row % 1 === 0 ? formatNumber(row) : ""));
          },
        },
        {
          ...axisStyle,
          grid: { stroke: theme.grid, width: 1 },
          size: gutter,
          space: isLogarithmic ? 22 : 30,
          values: (_plot, splits) =>
            splits.map((value) => (isLabelled(value, isLogarithmic) ? formatNumber(value!) : "")),
        },
      ],
      series: [
        {},
        ...lines.map(({ colour, width = LINE_WIDTH }) => ({
          stroke: colour(theme),
          width,
          points: { show: false },
          paths: (plot: uPlot, series: number, first: number, last: number) =>
            this.#isDense ? null : thinLine(plot, series, first, last),
        })),
      ],
      hooks: {
        drawClear: [(plot) => drawBands(plot, { axis, bands: this.#options.bands(), range: this.#range })],
        drawSeries: [
          (plot, line) => {
            if (!this.#isDense || line === 0) return;
            const { colour, width = LINE_WIDTH } = lines[line - 1]!;
            drawDenseLine(plot, { line, colour: colour(theme), width });
          },
        ],
        draw: [(plot) => drawLevel(plot, this.#options.level?.())],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 4) return;
            const from = axis.rowAt(plot.posToVal(left, "x"));
            const to = axis.rowAt(plot.posToVal(left + width, "x")) + 1;
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            events.zoom({ from, to });
          },
        ],
        setCursor: [
          (plot) => {
            const { left = -1 } = plot.cursor;
            events.hover(left < 0 ? undefined : axis.rowAt(plot.posToVal(left, "x")));
          },
        ],
      },
    };
  }

  /** The extremes with some air; with the level where it is not far away. */
  #verticalRange(low: number | null, high: number | null): [number, number] {
    const { isLogarithmic = false } = this.#options;
    const level = this.#options.level?.();
    let [min, max] = low === null || high === null ? [0, 1] : [low, high];
    if (level !== undefined && Number.isFinite(level)) {
      const isNear = isLogarithmic ? level > 0 : level < max + 2 * (max - min) + Number.MIN_VALUE;
      if (isNear) [min, max] = [Math.min(min, level), Math.max(max, level)];
    }
    if (isLogarithmic) return [Math.max(min, max * 1e-9) / 1.3, max * 1.3];
    const air = max > min ? (max - min) * 0.08 : Math.abs(max) * 0.1 || 1;
    return [min - air, max + air];
  }
}

/** On a logarithmic axis, 1, 2 and 5 times a power of ten: the ends of the axis are no round numbers. */
function isLabelled(value: number | null | undefined, isLogarithmic: boolean): boolean {
  if (value === null || value === undefined) return false;
  return !isLogarithmic || /^[125]e/.test(value.toExponential(6).replace(/\.0+e/, "e"));
}
