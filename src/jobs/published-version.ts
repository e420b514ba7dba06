/** What a job has published in an attempt of which no result is known: its process or its worker ended too early. */
import { setTimeout as sleep } from "node:timers/promises";
import { InputError, ResiduaError } from "../errors.js";
import { promote } from "../publishing/promotion.js";
import type { ModelStore } from "../registry/model-store.js";
import type { JobFailure, JobOrder } from "./job.js";

export interface LookOptions {
  /** Whether nobody waits for the answer any more. */
  readonly isGivenUp: () => boolean;
  /** Called once where the store of models cannot be read. */
  readonly onTrouble: (error: unknown) => void;
  /** How long to wait before it is read once more. */
  readonly againMs: number;
}

/**
 * The version that a job has published; undefined where there is none. A store of models that cannot be read is waited for,
 * since a job that is trained once more would publish once more.
 *
 * @throws what reading the store throws, once `isGivenUp`.
 */
export async function findPublished(
  models: Pick<ModelStore, "publishedBy">,
  { id, model }: Pick<JobOrder, "id" | "model">,
  { isGivenUp, onTrouble, againMs }: LookOptions,
): Promise<string | undefined> {
  for (let isTold = false; ; isTold = true) {
    try {
      return await models.publishedBy(model, id);
    } catch (error) {
      // Where what is stored is wrong or missing, it stays so: publishing says why it fails too.
      if (error instanceof InputError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      if (isGivenUp()) throw error;
      if (!isTold) onTrouble(error);
      await sleep(againMs);
    }
  }
}

/**
 * Sets the alias that a renewal was asked to set, since it may have ended between publishing and that.
 *
 * @returns why it could not be set; undefined where it was, or none was asked for.
 */
export async function promoteFound(
  models: ModelStore,
  { kind, model, options }: Pick<JobOrder, "kind" | "model" | "options">,
  version: string,
): Promise<JobFailure | undefined> {
  const alias = kind === "renew" ? options["promote"] : undefined;
  if (alias === undefined) return undefined;
  try {
    await promote(models, model, version, alias);
    return undefined;
  } catch (error) {
    if (!(error instanceof ResiduaError)) throw error;
    return { code: error.code, detail: error.message };
  }
}
