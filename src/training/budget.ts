/** How much of the data an epoch sees, and how many epochs there are, where nobody says. */

/** Windows of an epoch of at most this length; of longer ones, as many as have the same number of rows. */
const EPOCH_WINDOWS = 8192;
const EPOCH_TIMESTEPS = 32;
/** Windows up to this length are taken at every row, and have the full number of steps. */
const SHORT_TIMESTEPS = 64;
/** Every row is in at least so many windows, at any default stride. */
const LEAST_OVERLAP = 8;

/** The most windows of an epoch: fewer where they are long, so that an epoch takes the same time. */
export function defaultEpochWindows(timesteps: number): number {
  return Math.ceil(EPOCH_WINDOWS * Math.min(1, EPOCH_TIMESTEPS / timesteps));
}

/**
 * Rows between the starts of two windows. Neighbouring long windows are nearly the same, so that they are further apart
 * where there are more than an epoch's worth.
 *
 * @param windows how many there are at a stride of 1.
 */
export function defaultStride(windows: number, timesteps: number): number {
  if (timesteps <= SHORT_TIMESTEPS) return 1;
  const wanted = Math.ceil(windows / defaultEpochWindows(timesteps));
  return Math.max(1, Math.min(wanted, Math.floor(timesteps / LEAST_OVERLAP)));
}

/**
 * How long to train where nobody says. Epochs are at least 100, and as many as make 8,000 steps, but at most 1,000. The
 * patience is at least 10 epochs, and as many as make 1,000 steps, but at most 100. Steps count, since each of them
 * changes the weights, and an epoch of a small data set has few. A step over windows of more than 64 rows takes longer:
 * there are fewer, so that all together see as many rows.
 */
export function defaultBudget(
  windows: number,
  options: { readonly batchSize: number; readonly windowsPerEpoch: number; readonly timesteps?: number },
): { epochs: number; patience: number } {
  const steps = Math.ceil(Math.min(windows, options.windowsPerEpoch) / options.batchSize);
  const part = Math.min(1, SHORT_TIMESTEPS / (options.timesteps ?? SHORT_TIMESTEPS));
  return {
    epochs: Math.min(Math.max(100, Math.ceil((8000 * part) / steps)), 1000),
    patience: Math.min(Math.max(10, Math.ceil((1000 * part) / steps)), 100),
  };
}
