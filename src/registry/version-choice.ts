/** The one rule for which version of a model answers, for requests and for the command line. */
import { type Aliases, DEFAULT_ALIAS } from "./aliases.js";

/** Which version of a model is asked for: by its number, by an alias, or none in particular. */
export interface Selection {
  readonly version?: string | undefined;
  readonly alias?: string | undefined;
}

/** A version by its number, the one that an alias names, or the highest one that is valid. */
export type VersionChoice =
  | { readonly by: "version"; readonly version: string }
  | { readonly by: "alias"; readonly alias: string }
  | { readonly by: "highest" };

/**
 * The version that is named, else that of the alias that is named, else that of alias `stable` where it is set, else
 * the highest valid one. A version is valid if a registry would serve it: its files are whole and its golden windows
 * replay.
 */
export function chooseVersion({ version, alias }: Selection, aliases: Aliases): VersionChoice {
  if (version !== undefined) return { by: "version", version };
  if (alias !== undefined) return { by: "alias", alias };
  return aliases.has(DEFAULT_ALIAS) ? { by: "alias", alias: DEFAULT_ALIAS } : { by: "highest" };
}
