/** The whole series in a strip, with the part that is shown marked: it can be dragged, by its edges or as a whole. */
import type { MinMaxSeries } from "../charts/min-max.js";
import { h } from "./dom.js";
import { type Band, gutterOf, RIGHT_MARGIN, type RowAxis, type RowRange } from "./plot-frame.js";
import { currentTheme } from "./theme.js";

export interface OverviewOptions {
  readonly score: MinMaxSeries;
  readonly axis: RowAxis;
  readonly bands: () => readonly Band[];
  readonly zoom: (range: RowRange) => void;
}

const HEIGHT = 46;
/** How near an edge a pointer has to be to move it, in CSS pixels. */
const EDGE = 10;

type Drag = { readonly what: "from" | "to" | "all"; readonly row: number; readonly range: RowRange };

export class Overview {
  readonly canvas = h("canvas", { class: "overview", "aria-hidden": "true" });
  readonly #options: OverviewOptions;
  #range: RowRange = { from: 0, to: 1 };
  #width = 0;
  #drag: Drag | undefined;

  constructor(options: OverviewOptions) {
    this.#options = options;
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#drag = this.#dragAt(event);
    });
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(end, () => {
        this.#drag = undefined;
      });
    }
  }

  show(range: RowRange, width: number): void {
    this.#range = range;
    this.#width = width;
    this.rebuild();
  }

  rebuild(): void {
    const { score, axis, bands } = this.#options;
    if (this.#width === 0) return;
    const ratio = devicePixelRatio;
    const theme = currentTheme();
    this.canvas.width = Math.round(this.#width * ratio);
    this.canvas.height = HEIGHT * ratio;
    this.canvas.style.width = `${this.#width}px`;
    this.canvas.style.height = `${HEIGHT}px`;
    const context = this.canvas.getContext("2d")!;
    context.scale(ratio, ratio);
    const left = gutterOf(this.#width);
    const width = this.#plotWidth();
    const columns = Math.max(1, Math.round(width));
    const { min, max } = score.columns(0, axis.rows, columns);
    const [low, high] = score.extent(0, axis.rows);
    const yOf = (value: number) => {
      const isLogarithmic = low > 0;
      const share = isLogarithmic
        ? Math.log(value / low) / Math.log(high / low || 1)
        : (value - low) / (high - low);
      return HEIGHT - 8 - (Number.isFinite(share) ? share : 0) * (HEIGHT - 14);
    };
    context.fillStyle = theme.grid;
    context.fillRect(left, 0, width, HEIGHT - 5);
    const [from, to] = [this.#xOf(this.#range.from), this.#xOf(this.#range.to)];
    context.fillStyle = theme.background;
    context.fillRect(from, 0, to - from, HEIGHT - 5);
    context.fillStyle = theme.score;
    for (let column = 0; column < columns; column++) {
      if (Number.isNaN(min[column]!)) continue;
      const top = yOf(max[column]!);
      context.fillRect(left + column, top, 1, Math.max(1, yOf(min[column]!) - top));
    }
    context.fillStyle = theme.threshold;
    for (const { start, end } of bands()) {
      const x = this.#xOf(start);
      context.fillRect(x, HEIGHT - 4, Math.max(2, this.#xOf(end + 1) - x), 4);
    }
    context.strokeStyle = theme.quietText;
    context.strokeRect(from + 0.5, 0.5, Math.max(2, to - from - 1), HEIGHT - 6);
  }

  #plotWidth(): number {
    return Math.max(1, this.#width - gutterOf(this.#width) - RIGHT_MARGIN);
  }

  #xOf(row: number): number {
    return gutterOf(this.#width) + (row / this.#options.axis.rows) * this.#plotWidth();
  }

  #rowAt(event: PointerEvent): number {
    const share = (event.offsetX - gutterOf(this.#width)) / this.#plotWidth();
    return Math.min(1, Math.max(0, share)) * this.#options.axis.rows;
  }

  /** What a pointer holds that goes down: an edge, the part shown, or a new place for it. */
  #dragAt(event: PointerEvent): Drag {
    const row = this.#rowAt(event);
    const range = this.#range;
    const isWhole = range.to - range.from === this.#options.axis.rows;
    for (const what of ["from", "to"] as const) {
      if (Math.abs(event.offsetX - this.#xOf(range[what])) <= EDGE) return { what, row, range };
    }
    if (isWhole || row < range.from || row > range.to) {
      const half = isWhole ? this.#options.axis.rows / 10 : (range.to - range.from) / 2;
      const placed = { from: row - half, to: row + half };
      this.#options.zoom(placed);
      return { what: "all", row, range: placed };
    }
    return { what: "all", row, range };
  }

  #move(event: PointerEvent): void {
    const drag = this.#drag;
    const row = this.#rowAt(event);
    if (drag === undefined) {
      const isEdge = [this.#range.from, this.#range.to].some(
        (edge) => Math.abs(event.offsetX - this.#xOf(edge)) <= EDGE,
      );
      this.canvas.style.cursor = isEdge ? "ew-resize" : "grab";
      return;
    }
    const by = row - drag.row;
    const from = drag.what === "to" ? drag.range.from : drag.range.from + by;
    const to = drag.what === "from" ? drag.range.to : drag.range.to + by;
    if (to > from) this.#options.zoom({ from, to });
  }
}
