/** A straight line through points, by least squares. */
export interface Line {
  readonly slope: number;
  /** The slope's standard error. */
  readonly error: number;
}

/** The slope is NaN for fewer than two points, the error for fewer than three. */
export function fitLine(xs: readonly number[], ys: readonly number[]): Line {
  const [x0, y0] = [mean(xs), mean(ys)];
  const spread = sum(xs.map((x) => (x - x0) ** 2));
  const slope = sum(xs.map((x, i) => (x - x0) * (ys[i]! - y0))) / spread;
  const residuals = sum(xs.map((x, i) => (ys[i]! - y0 - slope * (x - x0)) ** 2));
  return { slope, error: Math.sqrt(residuals / (xs.length - 2) / spread) };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
