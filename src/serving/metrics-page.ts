/** The text of the metrics: however many ask for it, it takes a bounded share of the event loop. */
import { setTimeout as sleep, setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { Registry } from "prom-client";
import { threadMs } from "./thread-time.js";

/** After so long, other requests are served before the text goes on. */
const SLICE_MS = 5;
/** After a text, no other is begun for this many times as long as it took. */
const REST = 9;
/** The longest of such rests: figures are no older, however slow the machine is. */
const MOST_REST_MS = 1000;

export class MetricsPage {
  readonly #registry: Registry;
  /** Resolves when the next text may be begun. */
  #ready: Promise<unknown> = Promise.resolve();
  #next: Promise<string> | undefined;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /**
   * The figures as they are now or later: who asks before the next text is begun shares it.
   * @returns Prometheus's text format.
   */
  text(): Promise<string> {
    this.#next ??= this.#ready.then(() => {
      this.#next = undefined;
      const text = this.#write();
      this.#ready = text.then(
        ({ ms }) => sleep(Math.min(ms * REST, MOST_REST_MS)),
        () => undefined,
      );
      return text.then(({ text }) => text);
    });
    return this.#next;
  }

  async #write(): Promise<{ text: string; ms: number }> {
    const parts: string[] = [];
    let ms = 0;
    let startedAt = threadMs();
    for (const { name } of this.#registry.getMetricsAsArray()) {
      parts.push(await this.#registry.getSingleMetricAsString(name));
      const took = threadMs() - startedAt;
      if (took < SLICE_MS) continue;
      ms += took;
      await yieldToEventLoop();
      startedAt = threadMs();
    }
    return { text: `${parts.join("\n\n")}\n`, ms: ms + threadMs() - startedAt };
  }
}
