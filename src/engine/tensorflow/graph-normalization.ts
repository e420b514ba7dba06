/** Layer normalisation as TensorFlow nodes. */
import type { Result, Scope } from "./graph-builder.js";
import { add, inverseRoot, meanOfRows, multiply, subtract } from "./graph-ops.js";

/** gamma (x - mean) / sqrt(variance + epsilon) + beta over the last of `rank` axes of x; gamma and beta [width]. */
export function normalizeRows(
  scope: Scope,
  rows: Result,
  rank: number,
  { epsilon, gamma, beta }: { readonly epsilon: number; readonly gamma: Result; readonly beta: Result },
): Result {
  const residual = subtract(scope, rows, meanOfRows(scope, rows, rank));
  const variance = meanOfRows(scope, multiply(scope, residual, residual), rank);
  const factor = inverseRoot(scope, add(scope, variance, scope.constant("float", [], [epsilon])));
  return add(scope, multiply(scope, multiply(scope, residual, factor), gamma), beta);
}
