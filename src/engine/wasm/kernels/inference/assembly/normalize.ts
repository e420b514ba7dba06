/**
 * Layer normalisation of rows. Sums are in float64 and one number at a time, so that they have one order and one
 * rounding in every build of the kernels.
 */

/**
 * to[r][t] = gamma (x - mean) / sqrt(variance + epsilon) + beta of each row x of `width` floats. Row r of step t of a
 * value stands r * row + t * step bytes from its start.
 * @param weights epsilon, then gamma [width], then beta [width].
 */
export function normalize(
  steps: i32,
  rows: i32,
  width: i32,
  weights: usize,
  from: usize,
  fromRow: usize,
  fromStep: usize,
  to: usize,
  toRow: usize,
  toStep: usize,
): void {
  for (let r = 0; r < rows; r++, from += fromRow, to += toRow) {
    let x = from;
    let y = to;
    for (let t = 0; t < steps; t++, x += fromStep, y += toStep) normalizeRow(width, weights, x, y);
  }
}

function normalizeRow(width: i32, weights: usize, x: usize, y: usize): void {
  const bytes = <usize>width << 2;
  let sum: f64 = 0;
  for (let at: usize = 0; at < bytes; at += 4) sum += <f64>f32.load(x + at);
  const mean = sum / <f64>width;
  let squares: f64 = 0;
  for (let at: usize = 0; at < bytes; at += 4) {
    const residual = <f64>f32.load(x + at) - mean;
    squares += residual * residual;
  }
  const factor = 1 / Math.sqrt(squares / <f64>width + <f64>f32.load(weights));
  const gamma = weights + 4;
  const beta = gamma + bytes;
  for (let at: usize = 0; at < bytes; at += 4) {
    const residual = (<f64>f32.load(x + at) - mean) * factor;
    f32.store(y + at, <f32>(residual * <f64>f32.load(gamma + at) + <f64>f32.load(beta + at)));
  }
}
