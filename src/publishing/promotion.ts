/** An alias is set to a version that has just been published. */
import { ResiduaError } from "../errors.js";
import { explainInSentence } from "../registry/folder-files.js";
import type { ModelStore } from "../registry/model-store.js";

/**
 * Lets an alias stand for a version, unless it stands for a higher one: that was published and promoted meanwhile. May be
 * called again where it is not known whether it was done.
 *
 * @throws ResiduaError, as `changeAliases` of the store does, or STORE_UNAVAILABLE; it says that the version is published.
 */
export async function promote(
  store: ModelStore,
  name: string,
  version: string,
  alias: string,
): Promise<void> {
  try {
    await store.changeAliases(name, (aliases) => {
      if (Number(aliases.get(alias) ?? 0) < Number(version)) aliases.set(alias, version);
    });
  } catch (cause) {
    const { code, retryAfterSeconds } =
      cause instanceof ResiduaError
        ? cause
        : { code: "STORE_UNAVAILABLE" as const, retryAfterSeconds: undefined };
    throw new ResiduaError(
      code,
      `Version ${version} of model "${name}" is published, but the alias "${alias}" could not be set to it: ${explainInSentence(cause)}`,
      { cause, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) },
    );
  }
}
