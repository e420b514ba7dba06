/** The data of a job on their way into Redis, in pieces. */
import { ResiduaError } from "../../errors.js";
import type { JobOrder } from "../job.js";
import type { JobUpload, KeyUse } from "../job-store.js";
import { keyUsedOtherwise, tooManyJobs } from "../refusals.js";
import type { Delivery } from "./delivery.js";
import { useKey } from "./redis-keys.js";
import type { RedisLink } from "./redis-link.js";

/** Large enough that few commands are needed, small enough that none keeps Redis from others for long. */
export const PIECE_BYTES = 512 * 1024;

export interface RedisLimits {
  readonly maxQueuedJobs: number;
  /** Bytes of data that jobs and uploads may hold together. */
  readonly maxDataBytes: number;
}

/** The refusal of data that would be more than all jobs may hold together. */
export function noRoomInRedis(heldBytes: number, { maxDataBytes }: RedisLimits): ResiduaError {
  return new ResiduaError(
    "INSUFFICIENT_STORAGE",
    `There is no room for the data in Redis: jobs that have not ended hold ${heldBytes} bytes, and all may hold ${maxDataBytes} (RESIDUA_REDIS_DATA_BYTES).`,
  );
}

export class RedisUpload implements JobUpload {
  readonly #link: RedisLink;
  readonly #delivery: Delivery;
  readonly #limits: RedisLimits;
  readonly #id: string;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #pieces = 0;
  #isAccepted = false;

  constructor(link: RedisLink, delivery: Delivery, limits: RedisLimits, id: string) {
    this.#link = link;
    this.#delivery = delivery;
    this.#limits = limits;
    this.#id = id;
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let from = 0; from < chunk.length; ) {
      const part = chunk.subarray(from, from + PIECE_BYTES - this.#waitingBytes);
      this.#waiting.push(part);
      this.#waitingBytes += part.length;
      from += part.length;
      if (this.#waitingBytes === PIECE_BYTES) await this.#flush();
    }
  }

  async accept(order: JobOrder, sha256: string, use: KeyUse | undefined): Promise<string> {
    await this.#flush();
    const { maxQueuedJobs } = this.#limits;
    const [result, detail] = (await this.#link.script(
      "runAccept",
      order.id,
      JSON.stringify(order),
      this.#pieces,
      sha256,
      maxQueuedJobs,
      use === undefined ? "" : useKey(use.key),
      use?.hash ?? "",
    )) as readonly [string, string?];
    if (result === "same") return detail!;
    if (result === "otherwise") throw keyUsedOtherwise();
    if (result === "full") throw tooManyJobs(Number(detail), maxQueuedJobs);
    if (result !== "accepted") {
      throw new ResiduaError(
        "INSUFFICIENT_STORAGE",
        "What was received of the data is no longer in Redis; send them again.",
      );
    }
    this.#isAccepted = true;
    // Where this fails, a worker that looks for jobs which nobody brings does it: the job is accepted already.
    await this.#delivery.add(order.id).catch(() => undefined);
    return order.id;
  }

  async discard(): Promise<void> {
    if (this.#isAccepted) return;
    // Where Redis is away, the data run out by themselves.
    await this.#link.script("runDiscard", this.#id).catch(() => undefined);
  }

  async #flush(): Promise<void> {
    if (this.#waitingBytes === 0) return;
    const piece = Buffer.concat(this.#waiting.splice(0));
    this.#waitingBytes = 0;
    const held = Number(await this.#link.script("runAppend", this.#id, piece, this.#limits.maxDataBytes));
    if (held >= 0) throw noRoomInRedis(held, this.#limits);
    this.#pieces++;
  }
}
