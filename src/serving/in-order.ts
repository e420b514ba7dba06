import { setImmediate as yieldToEventLoop } from "node:timers/promises";

/**
 * Runs a task for each item, at most `limit` at once, and gives their results in the order of the items.
 * Between two starts the event loop serves other requests.
 */
export async function* inOrder<I, T>(
  items: Iterable<I>,
  run: (item: I) => Promise<T>,
  limit: number,
): AsyncGenerator<T, void> {
  const underWay: Promise<T>[] = [];
  for (const item of items) {
    const result = run(item);
    // If an earlier task fails, nobody waits for this one: its rejection must not count as unhandled.
    result.catch(() => undefined);
    underWay.push(result);
    if (underWay.length >= limit) yield await underWay.shift()!;
    await yieldToEventLoop();
  }
  for (const result of underWay) yield await result;
}
