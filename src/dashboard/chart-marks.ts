/** What is drawn on a chart beside its lines: bands of events, and the level of the threshold. */
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
