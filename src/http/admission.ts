/** What a scoring request holds from its body to the end of its answer. */
import type { Lease } from "../registry/leased-model.js";
import type { ServedModel } from "../registry/served-model.js";
import type { Selection } from "../registry/version-choice.js";
import type { Arena } from "../scoring/arrays.js";
import type { Client } from "../serving/request-slices.js";
import type { ScoringService } from "../serving/scoring-service.js";
import { untilDeadline } from "./deadline.js";
import type { LiveModels } from "./live-models.js";
import { limitsOf, type ScoreLimits } from "./score-request.js";

/**
 * An admitted request: it has a lease of the version that answers it, and an arena for its arrays. A route
 * calls `release` in a `finally`. What is still used by then is given back later: the arena by `whileSent`,
 * both by `keepUntil`.
 */
export class Admission {
  readonly model: ServedModel;
  /** What the body may hold. */
  readonly limits: ScoreLimits;
  /** For the request's readings and the arrays of its result. */
  readonly arena: Arena;
  readonly client: Client;
  readonly #scoring: ScoringService;
  readonly #lease: Lease;
  #isLeaseHandedOn = false;
  #isArenaHandedOn = false;

  private constructor(scoring: ScoringService, lease: Lease, client: Client) {
    this.#scoring = scoring;
    this.#lease = lease;
    this.model = lease.model;
    this.limits = limitsOf(lease.model, scoring.batcher.maxQueueWindows);
    this.arena = scoring.arenas.take();
    this.client = client;
  }

  /**
   * @param client who waits for the answer.
   * @throws ResiduaError MODEL_NOT_FOUND, VERSION_NOT_FOUND, ALIAS_NOT_FOUND, MODEL_NOT_READY, SHUTTING_DOWN,
   * and QUEUE_FULL where not even one window has room in the queue.
   */
  static admit(
    { models, scoring }: { readonly models: LiveModels; readonly scoring: ScoringService },
    client: Client,
    name: string,
    selection: Selection,
  ): Admission {
    const lease = models.acquire(name, selection);
    try {
      scoring.batcher.checkRoom(client);
      return new Admission(scoring, lease, client);
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /**
   * Waits for windows whose arrays lie in the arena. Where they fail, other runs of the engine may still be
   * at work on some of them, so the arena is not used again; the garbage collector gets it. At the deadline it
   * rejects with DEADLINE_EXCEEDED: lease and arena are then kept until the engine has come back.
   */
  whileScored<T>(result: Promise<T>, deadlineAtMs?: number): Promise<T> {
    this.#isArenaHandedOn = true;
    const scored =
      deadlineAtMs === undefined ? result : this.#untilDeadline(result, deadlineAtMs).then(() => result);
    return scored.then((value) => {
      this.#isArenaHandedOn = false;
      return value;
    });
  }

  async #untilDeadline(result: Promise<unknown>, deadlineAtMs: number): Promise<void> {
    let isSettled = false;
    const settled = result.finally(() => {
      isSettled = true;
    });
    try {
      await untilDeadline(settled, deadlineAtMs);
    } catch (error) {
      if (!isSettled) {
        this.#isLeaseHandedOn = true;
        const releaseLease = (): void => this.#lease.release();
        void result
          .then(
            () => this.#scoring.arenas.give(this.arena),
            () => undefined,
          )
          .finally(releaseLease);
      }
      throw error;
    }
  }

  /** Passes on the chunks, and gives the arena back after the last one, or when the client takes no more. */
  whileSent(chunks: Generator<Uint8Array, void>): Generator<Uint8Array, void> {
    this.#isArenaHandedOn = true;
    return givingBack(chunks, () => this.#scoring.arenas.give(this.arena));
  }

  /** Keeps the lease and the arena until the result has settled. Returns at once. */
  keepUntil(result: Promise<unknown>): void {
    this.#isLeaseHandedOn = true;
    this.#isArenaHandedOn = true;
    const giveBack = (): void => {
      this.#lease.release();
      this.#scoring.arenas.give(this.arena);
    };
    void result.then(giveBack, giveBack);
  }

  /** Gives back what nothing else uses. To be called once. */
  release(): void {
    if (!this.#isLeaseHandedOn) this.#lease.release();
    if (!this.#isArenaHandedOn) this.#scoring.arenas.give(this.arena);
  }
}

function* givingBack<T>(values: Iterable<T>, giveBack: () => void): Generator<T, void> {
  try {
    yield* values;
  } finally {
    giveBack();
  }
}
