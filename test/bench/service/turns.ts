/** Sides that are measured in turn, so that what else runs on the machine meets them all. */

/** Round after round, each side once; the first round warms up. By side, the results of the others. */
export async function takeTurns<T>(sides: readonly (() => T | Promise<T>)[], rounds: number): Promise<T[][]> {
  const results = sides.map((): T[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, side] of sides.entries()) {
      const result = await side();
      if (round > 0) results[index]!.push(result);
    }
  }
  return results;
}

/** Of an even number, the larger of the two in the middle. */
export function median(all: readonly number[]): number {
  return [...all].sort((a, b) => a - b)[all.length >> 1]!;
}
