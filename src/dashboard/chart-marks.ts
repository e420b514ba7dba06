/** What is drawn on a chart beside its thin lines: dense lines, bands of events, and the level of the threshold. */
import type { Band, RowAxis, RowRange } from "./plot-frame.js";
import { currentTheme } from "./theme.js";
import type { uPlot } from "./uplot.js";

export interface ShownBands {
  readonly axis: RowAxis;
  readonly bands: readonly Band[];
  readonly range: RowRange;
}

/** Under the lines. A band of one row is still seen. */
export function drawBands(plot: uPlot, { axis, bands, range: { from, to } }: ShownBands): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = currentTheme().event;
  for (const { start, end } of bands) {
    if (end < from || start >= to) continue;
    const left = plot.valToPos(axis.placeOf(start), "x", true);
    const right = plot.valToPos(axis.placeOf(end), "x", true);
    const x = Math.max(bbox.left, left - devicePixelRatio);
    const width = Math.min(bbox.left + bbox.width, right + devicePixelRatio) - x;
    if (width > 0) ctx.fillRect(x, bbox.top, width, bbox.height);
  }
  ctx.restore();
}

/** @param level where it lies on the vertical axis; undefined, and outside of the axis, nothing is drawn. */
export function drawLevel(plot: uPlot, level: number | undefined): void {
  if (level === undefined || !Number.isFinite(level)) return;
  const { ctx, bbox } = plot;
  const y = plot.valToPos(level, "y", true);
  if (y < bbox.top || y > bbox.top + bbox.height) return;
  ctx.save();
  ctx.strokeStyle = currentTheme().threshold;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

export interface DenseLine {
  /** The number of the line among the data of the chart. */
  readonly line: number;
  readonly colour: string;
  /** In CSS pixels. */
  readonly width: number;
}

/**
 * A line that goes up and down within every column of pixels, as a bar from the smallest to the largest value of each
 * column that touches the bars beside it. It looks like a line through all points, which without a GPU takes ten times
 * as long: its edges are smoothed over the whole height.
 */
export function drawDenseLine(plot: uPlot, { line, colour, width }: DenseLine): void {
  const { ctx, bbox } = plot;
  const [places, values] = [plot.data[0]!, plot.data[line]!];
  const thickness = Math.max(1, width * devicePixelRatio);
  ctx.save();
  ctx.fillStyle = colour;
  let [topBefore, bottomBefore] = [Number.NaN, Number.NaN];
  for (let point = 0; point < places.length; point += 2) {
    const [a, b] = [values[point], values[point + 1]];
    if (typeof a !== "number" || typeof b !== "number") {
      [topBefore, bottomBefore] = [Number.NaN, Number.NaN];
      continue;
    }
    const left = Math.round(plot.valToPos(places[point]!, "x", true));
    const next = places[point + 2];
    const right = next === undefined ? bbox.left + bbox.width : Math.round(plot.valToPos(next, "x", true));
    let top = plot.valToPos(Math.max(a, b), "y", true) - thickness / 2;
    let bottom = plot.valToPos(Math.min(a, b), "y", true) + thickness / 2;
    const [ownTop, ownBottom] = [top, bottom];
    if (topBefore > bottom) bottom = topBefore;
    if (bottomBefore < top) top = bottomBefore;
    ctx.fillRect(left, top, right - left, bottom - top);
    [topBefore, bottomBefore] = [ownTop, ownBottom];
  }
  ctx.restore();
}
