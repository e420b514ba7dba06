/** aliases.json of a model, `{"stable": "2"}`: the version that each alias names. Replaced by rename, never edited. */
import { join } from "node:path";
import { InputError, ResiduaError } from "../errors.js";
import { object, parseJson, text } from "../network/json-guards.js";
import { replaceFile } from "./durable-files.js";
import { explain, isReadOnly, readRegularFile } from "./folder-files.js";
import { MODEL_NAME_PATTERN, VERSION_PATTERN } from "./manifest.js";

/** Its name, in the folder of the model. */
export const ALIASES_FILE = "aliases.json";
/** The alias of requests that name neither a version nor an alias, where it is set. */
export const DEFAULT_ALIAS = "stable";

const MOST_BYTES = 256 * 1024;
const namePattern = new RegExp(MODEL_NAME_PATTERN);
const versionPattern = new RegExp(VERSION_PATTERN);

/** Alias -> version. */
export type Aliases = ReadonlyMap<string, string>;

/** Whether a name can be one of an alias. The rule is that for names of models. */
export function isAliasName(name: string): boolean {
  return namePattern.test(name);
}

/**
 * The aliases of a model; none where there is no file.
 * @throws InputError where the file cannot be read as aliases.
 */
export async function readAliases(modelFolder: string): Promise<Aliases> {
  const content = await readFile(modelFolder);
  return content === undefined ? new Map() : parseAliases(content);
}

/** Reads the text of aliases.json. @throws InputError where it is not one. */
export function parseAliases(content: string): Aliases {
  const json = parseJson(content, ALIASES_FILE);
  return new Map(
    Object.entries(object(json, ALIASES_FILE)).map(([alias, version]) => {
      if (!isAliasName(alias))
        throw new InputError(`${ALIASES_FILE} has an alias of the name ${text(alias)}.`);
      if (typeof version !== "string" || !versionPattern.test(version)) {
        throw new InputError(`Alias "${alias}" has to be a version such as "2", not ${text(version)}.`);
      }
      return [alias, version];
    }),
  );
}

/** @throws InputError where aliases.json has more bytes than a reader takes. */
export function checkAliasesSize(bytes: number): void {
  if (bytes > MOST_BYTES)
    throw new InputError(`${ALIASES_FILE} has ${bytes} bytes; the most is ${MOST_BYTES}.`);
}

/** The text of the file; undefined where there is none, also where it goes while it is read. */
async function readFile(modelFolder: string): Promise<string | undefined> {
  const path = join(modelFolder, ALIASES_FILE);
  try {
    const bytes = await readRegularFile(modelFolder, path, ALIASES_FILE, checkAliasesSize);
    return Buffer.from(bytes).toString("utf8");
  } catch (error) {
    const { cause } = error as { cause?: NodeJS.ErrnoException };
    if (cause?.code === "ENOENT") return undefined;
    throw error;
  }
}

/** The bytes of aliases.json, sorted by name. */
export function encodeAliases(aliases: Aliases): Uint8Array {
  const sorted = [...aliases].sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(`${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`);
}

/** Replaces the aliases of a model. @throws ResiduaError CONFLICT where the folder is read-only. */
export async function writeAliases(modelFolder: string, aliases: Aliases): Promise<void> {
  await replaceFile(modelFolder, ALIASES_FILE, encodeAliases(aliases)).catch(
    (error: NodeJS.ErrnoException) => {
      if (!isReadOnly(error)) throw error;
      throw new ResiduaError(
        "CONFLICT",
        `No alias can be changed here: this process may not write to the model's folder (${explain(error)}).`,
        { cause: error },
      );
    },
  );
}

/**
 * Reads the aliases of a model, since another replica may have changed them, applies `change`, and writes them
 * back.
 * @throws ResiduaError MODEL_NOT_READY where the file is damaged, so that its aliases are not lost; and what
 *   `change` throws.
 */
export async function changeAliases(
  modelFolder: string,
  change: (aliases: Map<string, string>) => void,
): Promise<void> {
  const aliases = await readAliases(modelFolder).catch(refuseDamaged("No alias can be changed"));
  const changed = new Map(aliases);
  change(changed);
  await writeAliases(modelFolder, changed);
}

/** Turns an InputError of what is in aliases.json into a ResiduaError MODEL_NOT_READY. @param what cannot be done. */
export function refuseDamaged(what: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof InputError)) throw error;
    throw new ResiduaError(
      "MODEL_NOT_READY",
      `${what} until ${ALIASES_FILE} is repaired or removed: ${error.message}`,
    );
  };
}

/** @throws ResiduaError CONFLICT where an alias names the version: it cannot be deleted then. */
export function checkUnnamed(aliases: Aliases, name: string, version: string): void {
  const naming = [...aliases].filter(([, target]) => target === version).map(([alias]) => alias);
  if (naming.length === 0) return;
  throw new ResiduaError(
    "CONFLICT",
    `Version ${version} of model "${name}" is what ${naming.join(", ")} stands for; set the alias to another version first.`,
  );
}
