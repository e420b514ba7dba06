/** The windows per second that a function computes. */
export interface Rate {
  readonly windowsPerSecond: number;
  /** The difference between the fastest and the slowest round as a share of the fastest, rounded to 0.01. */
  readonly spread: number;
}

const WARM_UP_MS = 300;

/** The fastest of some rounds, after one that warms up. */
export async function measureRate(
  run: () => unknown,
  batch: number,
  rounds: number,
  seconds: number,
): Promise<Rate> {
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const milliseconds = round === 0 ? WARM_UP_MS : seconds * 1_000;
    const begin = performance.now();
    let runs = 0;
    while (performance.now() - begin < milliseconds) {
      await run();
      runs++;
    }
    if (round > 0) rates.push((runs * batch * 1_000) / (performance.now() - begin));
  }
  const best = Math.max(...rates);
  return {
    windowsPerSecond: best,
    spread: Math.round((100 * (best - Math.min(...rates))) / best) / 100,
  };
}
