/**
 * Where an event with huge errors begins and ends. A network that sees a fault reconstructs the other rows of the window
 * badly too, so that where the errors are huge, the stitched ones of up to T - 1 normal rows on either side are out of
 * their normal range.
 */
import type { ErrorKind } from "./residuals.js";

/**
 * Beside an error this many times larger in the same window, an error says nothing of its own row: it may be the other
 * row's doing.
 */
const LARGER = { squared: 3, absolute: Math.sqrt(3) } as const satisfies Record<ErrorKind, number>;
/** No window counts more than this many times the limit: a row is out of range where most of its windows say so. */
const MOST = { squared: 2, absolute: Math.SQRT2 } as const satisfies Record<ErrorKind, number>;

/**
 * Timestep errors of windows as the edges of events are judged by. One that a larger error of the same window may have
 * caused counts as half of what is still normal, so that it speaks neither for nor against its row, and the other windows
 * decide; the others are bounded, so that few windows do not outvote many.
 *
 * @param errors [n, T]
 * @param limit an error above it is out of the normal range.
 * @returns [n, T]; `errors` itself where none is changed.
 */
export function boundSpoilt(
  errors: Float64Array,
  timesteps: number,
  kind: ErrorKind,
  limit: number,
): Float64Array {
  const larger = LARGER[kind];
  const highest = MOST[kind] * limit;
  let bounded: Float64Array | undefined;
  for (let from = 0; from < errors.length; from += timesteps) {
    let most = 0;
    for (let i = from; i < from + timesteps; i++) if (errors[i]! > most) most = errors[i]!;
    if (!(most > highest)) continue;
    bounded ??= errors.slice();
    for (let i = from; i < from + timesteps; i++) {
      const error = errors[i]!;
      if (!(error > limit)) continue;
      bounded[i] = error * larger < most ? limit / 2 : Math.min(error, highest);
    }
  }
  return bounded ?? errors;
}
