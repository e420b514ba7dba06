/** Which versions of a model answer requests, and what they are called. */
import type { ModelListing } from "./service-types.js";

/** The aliases that name a version. */
export function aliasesOf({ aliases }: ModelListing, version: string): string[] {
  return Object.keys(aliases).filter((alias) => aliases[alias] === version);
}

/** Newest first. */
export function liveVersions({ versions }: ModelListing): string[] {
  return versions.filter(({ state }) => state === "live").map(({ version }) => version);
}

/** The version that answers requests without a version; undefined where none is live. */
export function defaultVersion(model: ModelListing): string | undefined {
  const live = liveVersions(model);
  const stable = model.aliases["stable"];
  return stable !== undefined && live.includes(stable) ? stable : live[0];
}
