/** Looks at the source again and again, and says what keeps it from going on. */
import { InputError } from "../errors.js";
import type { Clock } from "./clock.js";
import { LaterError } from "./http-call.js";
import type { Look } from "./watcher.js";

export interface LoopOptions {
  /** From the beginning of a look to that of the next one. */
  readonly everyMs: number;
  readonly clock: Clock;
  /** Ends the loop after the look under way. */
  readonly stop: AbortSignal;
  readonly say: (sentence: string) => void;
}

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

/**
 * Looks until it is stopped. What may pass is tried again: after the time that the other side names, else after one
 * second, two, four, and so on, up to a minute.
 *
 * @throws InputError where a program refuses before any look has succeeded; later it is said, and tried again at the
 *   next look. Whatever else a look throws.
 */
export async function watchLoop(
  look: (isWebhookDue: boolean) => Promise<Look>,
  options: LoopOptions,
): Promise<void> {
  const { everyMs, clock, stop, say } = options;
  const source = new Trouble(say, "Watching goes on.");
  const webhook = new Trouble(say, "The webhook takes messages again.");
  let webhookDueMs = 0;
  let hasSucceeded = false;
  while (!stop.aborted) {
    const startedMs = clock.nowMs();
    const restMs = (): number => Math.max(0, startedMs + everyMs - clock.nowMs());
    let waitMs: number;
    try {
      const isWebhookDue = startedMs >= webhookDueMs;
      const { isCaughtUp, webhookTrouble } = await look(isWebhookDue);
      hasSucceeded = true;
      source.note(undefined);
      waitMs = isCaughtUp ? restMs() : 0;
      if (isWebhookDue) {
        webhook.note(webhookTrouble);
        webhookDueMs = webhookTrouble === undefined ? 0 : clock.nowMs() + webhook.retryMs(webhookTrouble);
      }
      if (webhookDueMs > 0) waitMs = Math.min(waitMs, Math.max(0, webhookDueMs - clock.nowMs()));
    } catch (error) {
      if (stop.aborted && error instanceof LaterError) return;
      const mayPass = error instanceof LaterError;
      if (!mayPass && !(error instanceof InputError && hasSucceeded)) throw error;
      source.note(error);
      waitMs = mayPass ? source.retryMs(error) : restMs();
    }
    await clock.wait(waitMs, stop);
  }
}

/** What goes wrong at one place: it is said once, and so is its end. */
class Trouble {
  readonly #say: (sentence: string) => void;
  readonly #end: string;
  #message: string | undefined;
  #times = 0;

  /** @param end what is said when it has passed. */
  constructor(say: (sentence: string) => void, end: string) {
    this.#say = say;
    this.#end = end;
  }

  note(error: Error | undefined): void {
    if (error === undefined) {
      if (this.#message !== undefined) this.#say(this.#end);
      this.#message = undefined;
      this.#times = 0;
      return;
    }
    this.#times++;
    if (error.message === this.#message) return;
    this.#message = error.message;
    this.#say(`${error.message} It is tried again until it works.`);
  }

  retryMs({ retryAfterMs }: LaterError): number {
    return retryAfterMs ?? Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#times - 1));
  }
}
