import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * Runs a task for each item, at most `limit` at once, with a turn of the event loop between two starts, and gives
 * their results in order.
 */
export async function* inOrder<I, T>(
  items: Iterable<I>,
  run: (item: I) => Promise<T>,
  limit: number,
): AsyncGenerator<T, void> {
  const underWay: Promise<T>[] = [];
  for (const item of items) {
    const result = run(item);
    // Where an earlier one fails nobody asks for this one any more.
    result.catch(() => undefined);
    underWay.push(result);
    if (underWay.length >= limit) yield await underWay.shift()!;
    await nextTurn();
  }
  for (const result of underWay) yield await result;
}
