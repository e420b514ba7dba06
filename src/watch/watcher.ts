/**
 * One look after the other at a live source:
 *
 *   what is still to be handed over, from the state -> the rows after the last one -> the service, with the continuation
 *     -> the state, with messages and scores to hand over -> webhook, remote write -> the state, without them
 *
 * The state is written before anything is handed over. A crash in between hands the same scores over again, which a
 * receiver refuses as those it has, and the same messages, which keep their ids.
 */
import { LaterError } from "./http-call.js";
import { sentenceOf } from "./message-sentence.js";
import type { PrometheusSource, Row } from "./prometheus-source.js";
import type { RemoteWriter } from "./remote-write.js";
import { type ServiceClient, StreamLostError, type StreamScores } from "./service-client.js";
import { nextState, type StreamSettings } from "./stream-step.js";
import { type WatchState, writeState } from "./watch-state.js";
import type { Webhook } from "./webhook.js";

export interface WatcherOptions extends StreamSettings {
  readonly source: Pick<PrometheusSource, "nowMs" | "readRows">;
  readonly service: Pick<ServiceClient, "describe" | "score">;
  /** Undefined: scores are not written. */
  readonly writer: RemoteWriter | undefined;
  /** Undefined: events are not told. */
  readonly webhook: Webhook | undefined;
  /** How old a row has to be before it is read, so that late samples are in it. */
  readonly delayMs: number;
  /** T of the model, as it is when the program begins. */
  readonly timesteps: number;
  /** Rows that a stream begins with; undefined: four windows of them. */
  readonly historyRows: number | undefined;
  /** Where the state is kept. */
  readonly stateFile: string;
  /** What it was when the program began. */
  readonly state: WatchState | undefined;
  /** Takes a sentence for whoever runs the program. */
  readonly say: (sentence: string) => void;
}

/** What ends a look early. */
export interface Signals {
  readonly stop: AbortSignal;
  readonly cut: AbortSignal;
}

/** What a look came to. */
export interface Look {
  /** Whether all rows up to now have been read. */
  readonly isCaughtUp: boolean;
  /** Why the webhook did not take a message; undefined where it did, or none was sent. */
  readonly webhookTrouble: LaterError | undefined;
}

/** The most rows of a request. */
const MOST_NEW_ROWS = 1000;
/** The most readings of a request. */
const MOST_READINGS = 200_000;
/** Ranges without any row that a look passes over to find one. */
const MOST_EMPTY_RANGES = 10;
/** The most rows that a stream can begin with: Prometheus answers no more than 11,000 values of a series. */
export const MOST_HISTORY_ROWS = 10_000;
/** Windows that a stream begins with: enough that events and scores no longer depend on where it began. */
const HISTORY_WINDOWS = 4;
/** A longer time without rows than so many steps is a gap, as in training. */
const GAP_STEPS = 10;

export class Watcher {
  readonly #options: WatcherOptions;
  #state: WatchState | undefined;
  /** What was said of the source the last time, so that it is said once. */
  #said: string | undefined;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#state = options.state;
  }

  /**
   * Hands over what waits, reads the next rows, has them scored, and hands that over.
   *
   * @param signals `stop` ends the look between two of its steps, `cut` a request under way.
   * @param isWebhookDue whether messages are sent; else they wait.
   * @throws LaterError where it may work the next time; InputError where a program refuses.
   */
  async look({ stop, cut }: Signals, isWebhookDue = true): Promise<Look> {
    // Messages come first: a receiver of scores that is down does not keep back what is known already.
    let webhookTrouble = isWebhookDue ? await this.#sendMessages(stop, cut) : undefined;
    await this.#writeScores(cut);
    if (stop.aborted) return { isCaughtUp: true, webhookTrouble };
    const isCaughtUp = await this.#readOn(cut);
    if (isWebhookDue && webhookTrouble === undefined) webhookTrouble = await this.#sendMessages(stop, cut);
    await this.#writeScores(cut);
    return { isCaughtUp, webhookTrouble };
  }

  /** Reads and scores the next rows, if there are any. @returns whether there are none after them. */
  async #readOn(cut: AbortSignal): Promise<boolean> {
    const { source, stepMs, delayMs, timesteps } = this.#options;
    const nowMs = await source.nowMs(cut);
    const endMs = Math.floor((nowMs - delayMs) / stepMs) * stepMs;
    const state = this.#state;
    if (state === undefined) {
      const rows = await this.#history(endMs, timesteps, cut);
      if (rows.length === 0) {
        this.#sayOnce("There is no reading yet; rows are waited for.");
        return true;
      }
      const newestMs = rows.at(-1)!.ms;
      await this.#advance(await this.#score(rows, "", cut), rows, newestMs - 1);
      return newestMs === endMs;
    }
    if (state.readMs > nowMs + stepMs) {
      this.#sayOnce(
        `The last row that was read is of ${timestamp(state.readMs)}, and for Prometheus it is ${timestamp(nowMs)}: nothing is read before that time. If a clock was wrong, remove ${this.#options.stateFile}.`,
      );
      return true;
    }
    const rows = await this.#nextRows(state, endMs, cut);
    if (rows.length === 0) return true;
    this.#said = undefined;
    try {
      await this.#advance(await this.#score(rows, state.stream.continuation, cut), rows);
    } catch (error) {
      if (!(error instanceof StreamLostError)) throw error;
      await this.#beginAnew(error, state, rows, cut);
    }
    return rows.at(-1)!.ms >= endMs;
  }

  /** The rows after the last one, at most a request's; those of a hole at the end are waited for. */
  async #nextRows({ readMs }: WatchState, endMs: number, cut: AbortSignal): Promise<Row[]> {
    const { source, stepMs, features } = this.#options;
    const most = Math.max(1, Math.min(MOST_NEW_ROWS, Math.floor(MOST_READINGS / features.length)));
    let fromMs = readMs + stepMs;
    for (let range = 0; range < MOST_EMPTY_RANGES && fromMs <= endMs; range++) {
      const toMs = Math.min(endMs, fromMs + (most - 1) * stepMs);
      const rows = await source.readRows({ fromMs, toMs, stepMs }, cut);
      if (rows.length > 0) return rows;
      fromMs = toMs + stepMs;
    }
    if (fromMs > endMs) return [];
    this.#options.say(
      `There is no reading from ${timestamp(readMs + stepMs)} to ${timestamp(fromMs - stepMs)}; what may still come for that time is not read.`,
    );
    await this.#keep({ ...this.#state!, readMs: fromMs - stepMs });
    return this.#nextRows(this.#state!, endMs, cut);
  }

  /** The rows up to a time that a stream begins with, of a model with windows of `timesteps` rows. */
  #history(toMs: number, timesteps: number, cut: AbortSignal): Promise<Row[]> {
    const { source, stepMs, historyRows = HISTORY_WINDOWS * timesteps } = this.#options;
    const fromMs = Math.max(0, toMs - (Math.min(historyRows, MOST_HISTORY_ROWS) - 1) * stepMs);
    return source.readRows({ fromMs, toMs, stepMs }, cut);
  }

  /** A new stream with the rows before, since the service cannot go on with the old one. */
  async #beginAnew(
    { message }: StreamLostError,
    { readMs, writtenMs }: WatchState,
    rows: readonly Row[],
    cut: AbortSignal,
  ): Promise<void> {
    // Another version may have longer windows.
    const { timesteps } = await this.#options.service.describe(cut);
    const before = await this.#history(readMs, timesteps, cut);
    const answer = await this.#score([...before, ...rows], "", cut);
    this.#options.say(
      `The stream begins anew with the ${before.length} rows before it, scored by version ${answer.model.version}: ${message}`,
    );
    await this.#advance(answer, [...before, ...rows], writtenMs);
  }

  #score(rows: readonly Row[], continuation: string, cut: AbortSignal): Promise<StreamScores> {
    const { service, features, stepMs } = this.#options;
    return service.score({ rows, columns: features, continuation, maxGapMs: GAP_STEPS * stepMs }, cut);
  }

  /** The state after an answer. @param sinceMs where a stream begins: rows up to this time are not told. */
  async #advance(answer: StreamScores, rows: readonly Row[], sinceMs?: number): Promise<void> {
    const { writer, webhook, say } = this.#options;
    const timesMs = rows.map(({ ms }) => ms);
    const { state, dropped } = nextState(this.#options, this.#state, { answer, timesMs, sinceMs });
    const messages = state.unsent.slice((this.#state?.unsent.length ?? 0) - dropped);
    await this.#keep({
      ...state,
      unwritten: writer === undefined ? [] : state.unwritten,
      unsent: webhook === undefined ? [] : state.unsent,
    });
    for (const message of messages) say(sentenceOf(message));
    if (dropped > 0 && webhook !== undefined)
      say(`${dropped} of the messages that waited longest for the webhook are dropped.`);
  }

  async #writeScores(cut: AbortSignal): Promise<void> {
    const { writer, say } = this.#options;
    const rows = this.#state?.unwritten ?? [];
    if (writer === undefined || rows.length === 0) return;
    const refused = await writer.write(rows, cut);
    if (refused !== undefined) {
      const [first, last] = [refused.rows[0]!, refused.rows.at(-1)!];
      say(
        `Scores of ${refused.rows.length} rows, from ${timestamp(first.ms)} to ${timestamp(last.ms)}, were refused, since they are there already or too old: ${refused.reason}`,
      );
    }
    await this.#keep({ ...this.#state!, unwritten: [] });
  }

  /** Sends messages in their order, up to the first that is not taken. */
  async #sendMessages(stop: AbortSignal, cut: AbortSignal): Promise<LaterError | undefined> {
    const { webhook } = this.#options;
    while (webhook !== undefined && !stop.aborted) {
      const [message, ...others] = this.#state?.unsent ?? [];
      if (message === undefined) return undefined;
      try {
        await webhook.post(message, cut);
      } catch (error) {
        if (error instanceof LaterError) return error;
        throw error;
      }
      await this.#keep({ ...this.#state!, unsent: others });
    }
    return undefined;
  }

  async #keep(state: WatchState): Promise<void> {
    await writeState(this.#options.stateFile, state);
    this.#state = state;
  }

  #sayOnce(sentence: string): void {
    if (sentence !== this.#said) this.#options.say(sentence);
    this.#said = sentence;
  }
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
