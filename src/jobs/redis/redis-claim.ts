/** A job of Redis that this process has taken. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../errors.js";
import type { JobEnd, JobNote, JobOrder } from "../job.js";
import type { Beat, JobClaim } from "../job-store.js";
import type { Delivered } from "./delivery.js";
import { dataKey } from "./redis-keys.js";
import type { RedisLink } from "./redis-link.js";

export interface RedisClaimOptions {
  readonly link: RedisLink;
  readonly delivered: Delivered;
  readonly order: JobOrder;
  readonly fence: number;
  readonly attempt: number;
  /** How many pieces the data have, and their hash. */
  readonly pieces: number;
  readonly sha256: string;
  /** The folder in which it is worked on. */
  readonly folder: string;
  /** Removes that folder. */
  readonly cleanUp: () => Promise<void>;
}

export class RedisClaim implements JobClaim {
  readonly order: JobOrder;
  readonly attempt: number;
  readonly #options: RedisClaimOptions;
  #notes = 0;

  constructor(options: RedisClaimOptions) {
    this.order = options.order;
    this.attempt = options.attempt;
    this.#options = options;
  }

  get staging(): string {
    return join(this.#options.folder, "staging");
  }

  async data(): Promise<string> {
    const { link, pieces, sha256, folder } = this.#options;
    const file = join(folder, "data");
    const hash = createHash("sha256");
    const handle = await open(file, "w");
    try {
      for (let at = 0; at < pieces; at++) {
        const [piece] = await link.run((client) => client.lrangeBuffer(dataKey(this.order.id), at, at));
        if (piece === undefined) break;
        hash.update(piece);
        await handle.writeFile(piece);
      }
    } finally {
      await handle.close();
    }
    if (hash.digest("hex") === sha256) return file;
    throw new InputError("The data in Redis are no longer those that were sent; send them again.");
  }

  async beat(): Promise<Beat> {
    const { link, delivered } = this.#options;
    const beat = await link.script("runBeat", this.order.id, this.#fence);
    if (beat !== "kept" && beat !== "cancelled") return "lost";
    await delivered.renew();
    return beat;
  }

  async note(note: JobNote): Promise<boolean> {
    const json = JSON.stringify(note);
    const { link } = this.#options;
    const isOurs = (await link.script("runNote", this.order.id, this.#fence, json, this.#notes)) === 1;
    this.#notes++;
    return isOurs;
  }

  async end(end: JobEnd): Promise<boolean> {
    const { link, delivered, cleanUp } = this.#options;
    const isOurs = (await link.script("runEnd", this.order.id, this.#fence, JSON.stringify(end))) === 1;
    await delivered.settle();
    await cleanUp();
    return isOurs;
  }

  async giveBack(counts: boolean): Promise<void> {
    const { link, delivered, cleanUp } = this.#options;
    await cleanUp();
    await link.script("runGiveBack", this.order.id, this.#fence, counts ? "1" : "0");
    await delivered.putBack("now");
  }

  get #fence(): string {
    return String(this.#options.fence);
  }
}
