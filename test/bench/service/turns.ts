/** Sides that are measured alternately, so that other work on the machine slows all of them alike. */

/** Measures each side once in each round. The first round warms up; the results of the others are returned by side. */
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

/** Of an even number of values, the larger of the two in the middle. */
export function median(all: readonly number[]): number {
  return [...all].sort((a, b) => a - b)[all.length >> 1]!;
}
