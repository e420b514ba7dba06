/** Errors of every feature over the rows shown: a row of cells a feature, a column of pixels the largest error in it. */
import { HEAT_STEPS, heatScale } from "../charts/colours.js";
import { MinMaxSeries } from "../charts/min-max.js";
import { h } from "./dom.js";
import { formatNumber } from "./format.js";
import { gutterOf, type PlotEvents, RIGHT_MARGIN, type RowAxis, type RowRange } from "./plot-frame.js";
import { currentTheme } from "./theme.js";

export interface HeatMapOptions {
  readonly features: readonly string[];
  /** [F][rows]; NaN where there is none. */
  readonly errors: readonly Float32Array[];
  readonly axis: RowAxis;
  readonly events: PlotEvents;
}

const SAMPLES = 20_000;
/** The error that has the middle colour is exceeded by this share of all errors. */
const MIDDLE_SHARE = 0.01;

export class HeatMap {
  readonly element: HTMLElement;
  readonly canvas = h("canvas", { role: "img" });
  readonly #options: HeatMapOptions;
  /** Made when the map is first drawn. */
  #errors: readonly MinMaxSeries[] = [];
  #middle = 1;
  #isDue = false;
  readonly #value = h("span", { class: "value" });
  readonly #cursor = h("div", { class: "cursor-line", hidden: true });
  #range: RowRange = { from: 0, to: 1 };
  #width = 0;
  #dragFrom: number | undefined;

  constructor(options: HeatMapOptions) {
    this.#options = options;
    const scale = h("span", { class: "scale", "aria-hidden": "true" }, "low", h("i", {}), "high");
    this.canvas.setAttribute(
      "aria-label",
      `Errors of ${options.features.length} features over the rows shown; the table of events has the shares in numbers.`,
    );
    this.element = h(
      "figure",
      { class: "chart heat" },
      h("figcaption", {}, h("strong", {}, "Error by feature"), this.#value, scale),
      h("div", { class: "plot" }, this.canvas, this.#cursor),
    );
    this.canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.canvas.addEventListener("pointerleave", () => options.events.hover(undefined));
    this.canvas.addEventListener("pointerdown", (event) => {
      this.#dragFrom = this.#rowAt(event);
    });
    this.canvas.addEventListener("pointerup", (event) => this.#drop(event));
  }

  /** Draws after the lines have been painted, which need less time. */
  show(range: RowRange, width: number): void {
    this.#range = range;
    this.#width = width;
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() =>
      setTimeout(() => {
        this.#isDue = false;
        this.rebuild();
      }),
    );
  }

  rebuild(): void {
    if (this.#width === 0) return;
    const { features } = this.#options;
    if (this.#errors.length === 0) {
      this.#errors = this.#options.errors.map((column) => new MinMaxSeries(column));
      this.#middle = middleError(this.#options.errors);
    }
    const ratio = devicePixelRatio;
    const rowHeight = this.#rowHeight();
    const height = rowHeight * features.length;
    const gutter = gutterOf(this.#width);
    const plotWidth = Math.max(1, this.#width - gutter - RIGHT_MARGIN);
    this.canvas.width = Math.round(this.#width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${this.#width}px`;
    this.canvas.style.height = `${height}px`;
    const columns = Math.round(plotWidth * ratio);
    const colours = heatScale(currentTheme());
    const cells = new Uint32Array(columns * features.length);
    this.#errors.forEach((series, feature) => {
      const { max } = series.columns(this.#range.from, this.#range.to, columns);
      for (let column = 0; column < columns; column++) {
        cells[feature * columns + column] = Number.isNaN(max[column]!)
          ? 0
          : colours[this.#step(max[column]!)]!;
      }
    });
    const picture = new OffscreenCanvas(columns, features.length);
    const image = new ImageData(new Uint8ClampedArray(cells.buffer), columns, features.length);
    picture.getContext("2d")!.putImageData(image, 0, 0);
    const context = this.canvas.getContext("2d")!;
    context.imageSmoothingEnabled = false;
    context.drawImage(picture, gutter * ratio, 0, columns, this.canvas.height);
    this.#drawLabels(context, gutter * ratio, rowHeight * ratio);
  }

  /** Shows where a row is. */
  hover(row: number | undefined): void {
    const { from, to } = this.#range;
    const isShown = row !== undefined && row >= from && row < to;
    this.#cursor.hidden = !isShown;
    if (!isShown) return;
    const { axis } = this.#options;
    const first = axis.placeOf(from);
    const share = (axis.placeOf(row) - first) / (axis.placeOf(to - 1) - first || 1);
    const gutter = gutterOf(this.#width);
    this.#cursor.style.left = `${gutter + share * (this.#width - gutter - RIGHT_MARGIN)}px`;
  }

  #rowHeight(): number {
    return Math.max(9, Math.min(20, 240 / this.#options.features.length));
  }

  /** The middle colour for the middle error, and the last one for errors that are very much larger. */
  #step(error: number): number {
    return Math.min(HEAT_STEPS - 1, Math.floor((error / (error + this.#middle)) * HEAT_STEPS));
  }

  #drawLabels(context: CanvasRenderingContext2D, gutter: number, rowHeight: number): void {
    context.fillStyle = currentTheme().quietText;
    context.font = `${Math.min(11 * devicePixelRatio, rowHeight)}px system-ui, sans-serif`;
    context.textAlign = "right";
    context.textBaseline = "middle";
    this.#options.features.forEach((name, feature) => {
      let text = name;
      const room = gutter - 10 * devicePixelRatio;
      while (text.length > 2 && context.measureText(text).width > room) text = `${text.slice(0, -2)}…`;
      context.fillText(text, gutter - 6 * devicePixelRatio, (feature + 0.5) * rowHeight);
    });
  }

  #rowAt(event: PointerEvent): number {
    const gutter = gutterOf(this.#width);
    const share = (event.offsetX - gutter) / (this.#width - gutter - RIGHT_MARGIN);
    const { axis } = this.#options;
    const first = axis.placeOf(this.#range.from);
    return axis.rowAt(first + Math.min(1, Math.max(0, share)) * (axis.placeOf(this.#range.to - 1) - first));
  }

  #point(event: PointerEvent): void {
    const row = this.#rowAt(event);
    const feature = Math.floor(event.offsetY / this.#rowHeight());
    const errors = this.#options.errors[feature];
    const value =
      errors === undefined ? "" : `${this.#options.features[feature]} ${formatNumber(errors[row]!)}`;
    this.#value.textContent = value;
    this.#options.events.hover(row);
  }

  #drop(event: PointerEvent): void {
    const from = this.#dragFrom;
    const to = this.#rowAt(event);
    this.#dragFrom = undefined;
    if (from === undefined || Math.abs(to - from) < 2) return;
    this.#options.events.zoom({ from: Math.min(from, to), to: Math.max(from, to) + 1 });
  }
}

/** From some of the errors, evenly over all rows. */
function middleError(errors: readonly Float32Array[]): number {
  const values: number[] = [];
  for (const all of errors) {
    const step = Math.max(1, Math.floor((all.length * errors.length) / SAMPLES));
    for (let row = 0; row < all.length; row += step) if (!Number.isNaN(all[row]!)) values.push(all[row]!);
  }
  values.sort((a, b) => a - b);
  return values[Math.floor(values.length * (1 - MIDDLE_SHARE))] || Number.MIN_VALUE;
}
