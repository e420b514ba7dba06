/** Changes of a model's aliases. Every registry on the store follows them at its next poll. */

import { ResiduaError } from "../errors.js";
import { isAliasName } from "./aliases.js";
import { MODEL_NAME_RULE } from "./manifest.js";
import type { ModelEntry } from "./model-entry.js";
import type { ModelStore } from "./model-store.js";
import type { VersionKeeper } from "./version-keeper.js";

/** @throws ResiduaError INVALID_REQUEST for a name that no alias can have. */
export function checkAliasName(alias: string): void {
  if (isAliasName(alias)) return;
  throw new ResiduaError("INVALID_REQUEST", `"${alias}" cannot be the name of an alias: ${MODEL_NAME_RULE}.`);
}

/**
 * Loads a version, and makes an alias stand for it.
 * @throws ResiduaError VERSION_NOT_FOUND where the version does not exist or is refused, MODEL_NOT_READY where it
 *   could not be loaded this time, and what `changeAliases` of the store throws.
 */
export async function assignAlias(
  store: ModelStore,
  keeper: VersionKeeper,
  entry: ModelEntry,
  { alias, version }: { readonly alias: string; readonly version: string },
): Promise<void> {
  const { name } = entry;
  const target = entry.findStored(version);
  const outcome = await keeper.bringUp(entry, target);
  if (outcome === "failed") {
    throw new ResiduaError(
      "MODEL_NOT_READY",
      `Version ${version} of model "${name}" could not be loaded just now; alias "${alias}" is as it was.`,
      { retryAfterSeconds: 1 },
    );
  }
  if (outcome === "refused") {
    throw new ResiduaError(
      "VERSION_NOT_FOUND",
      `Version ${version} of model "${name}" is refused: ${target.reason}`,
    );
  }
  let before: string | undefined;
  await store.changeAliases(name, (aliases) => {
    before = aliases.get(alias);
    aliases.set(alias, version);
  });
  if (await store.has(name, version)) return;
  // Deleted meanwhile by somebody who did not see the alias yet.
  await store.changeAliases(name, (aliases) => {
    if (aliases.get(alias) !== version) return;
    if (before === undefined) aliases.delete(alias);
    else aliases.set(alias, before);
  });
  throw new ResiduaError(
    "VERSION_NOT_FOUND",
    `Version ${version} of model "${name}" was deleted just now; alias "${alias}" is as it was.`,
  );
}

/** Removes an alias. @throws ResiduaError ALIAS_NOT_FOUND. */
export async function removeAlias(store: ModelStore, name: string, alias: string): Promise<void> {
  await store.changeAliases(name, (aliases) => {
    if (aliases.delete(alias)) return;
    const there = [...aliases.keys()].join(", ") || "none";
    throw new ResiduaError("ALIAS_NOT_FOUND", `Model "${name}" has no alias "${alias}"; it has ${there}.`);
  });
}
