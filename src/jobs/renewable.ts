/** Whether there is what a renewal is to renew. */
import { ResiduaError } from "../errors.js";
import type { ModelStore } from "../registry/model-store.js";
import { asAnswer } from "../registry/store-failures.js";

/**
 * Checks that a model is published, and the version of it that is named.
 * @throws ResiduaError MODEL_NOT_FOUND, VERSION_NOT_FOUND, and STORE_UNAVAILABLE where the store cannot say now.
 */
export async function checkRenewable(
  store: Pick<ModelStore, "list" | "title">,
  name: string,
  version: string | undefined,
): Promise<void> {
  const models = await store.list().catch(asAnswer(store));
  const model = models.find((stored) => stored.name === name);
  if (model === undefined) {
    const there = models.map((stored) => stored.name).join(", ");
    throw new ResiduaError(
      "MODEL_NOT_FOUND",
      `There is no model "${name}" to renew; there ${there === "" ? "is none" : `are ${there}`}.`,
    );
  }
  if (version === undefined || model.problem !== undefined || model.versions.includes(version)) return;
  throw new ResiduaError(
    "VERSION_NOT_FOUND",
    `Model "${name}" has no version ${version} to renew; it has ${model.versions.join(", ")}.`,
  );
}
