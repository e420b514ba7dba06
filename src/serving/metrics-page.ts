/** The text of the metrics: however many ask for it, it takes a bounded share of the event loop. */
import { setTimeout as sleep, setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { Registry } from "prom-client";

/** After so long, other requests are served before the text goes on. */
const SLICE_MS = 5;
/** So many times as long as a text took, no other is begun. */
const REST = 9;

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
        ({ ms }) => sleep(ms * REST),
        () => undefined,
      );
      return text.then(({ text }) => text);
    });
    return this.#next;
  }

  async #write(): Promise<{ text: string; ms: number }> {
    const parts: string[] = [];
    let ms = 0;
    let startedAt = performance.now();
    for (const { name } of this.#registry.getMetricsAsArray()) {
      parts.push(await this.#registry.getSingleMetricAsString(name));
      const took = performance.now() - startedAt;
      if (took < SLICE_MS) continue;
      ms += took;
      await yieldToEventLoop();
      startedAt = performance.now();
    }
    return { text: `${parts.join("\n\n")}\n`, ms: ms + performance.now() - startedAt };
  }
}
