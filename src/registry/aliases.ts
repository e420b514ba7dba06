/** aliases.json of a model, `{"stable": "2"}`: the version that each alias names. Replaced by rename, never edited. */
import { join } from "node:path";
import { InputError, ResiduaError } from "../errors.js";
import { object, parseJson, text } from "../network/json-guards.js";
import { replaceFile } from "./durable-files.js";
import { fingerprint, isOfFile } from "./fingerprint.js";
import { explain, inTime, isReadOnly, readRegularFile } from "./folder-files.js";
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
 * Throws InputError where the file cannot be read as aliases.
 */
export async function readAliases(modelFolder: string): Promise<Aliases> {
  const content = await readFile(modelFolder);
  if (content === undefined) return new Map();
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

/** The text of the file; undefined where there is none, also where it goes while it is read. */
async function readFile(modelFolder: string): Promise<string | undefined> {
  const path = join(modelFolder, ALIASES_FILE);
  try {
    const bytes = await readRegularFile(modelFolder, path, ALIASES_FILE, (size) => {
      if (size > MOST_BYTES)
        throw new InputError(`${ALIASES_FILE} has ${size} bytes; the most is ${MOST_BYTES}.`);
    });
    return Buffer.from(bytes).toString("utf8");
  } catch (error) {
    const { cause } = error as { cause?: NodeJS.ErrnoException };
    if (cause?.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Replaces the aliases of a model, sorted by name. Throws ResiduaError CONFLICT where the folder is read-only. */
export async function writeAliases(modelFolder: string, aliases: Aliases): Promise<void> {
  const sorted = [...aliases].sort(([a], [b]) => (a < b ? -1 : 1));
  const json = `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`;
  await replaceFile(modelFolder, ALIASES_FILE, Buffer.from(json)).catch((error: NodeJS.ErrnoException) => {
    if (!isReadOnly(error)) throw error;
    throw new ResiduaError(
      "CONFLICT",
      `No alias can be changed here: this process may not write to the model's folder (${explain(error)}).`,
      { cause: error },
    );
  });
}

/**
 * Reads the aliases of a model, since another replica may have changed them, applies `change`, and writes them
 * back.
 * Throws ResiduaError MODEL_NOT_READY where the file is damaged, so that its aliases are not lost; and what
 * `change` throws.
 */
export async function changeAliases(
  modelFolder: string,
  change: (aliases: Map<string, string>) => void,
): Promise<void> {
  const aliases = await readAliases(modelFolder).catch((error: unknown) => {
    if (!(error instanceof InputError)) throw error;
    throw new ResiduaError(
      "MODEL_NOT_READY",
      `No alias can be changed until aliases.json is repaired or removed: ${error.message}`,
    );
  });
  const changed = new Map(aliases);
  change(changed);
  await writeAliases(modelFolder, changed);
}

/** Watches one aliases.json, and reads it again only when it has changed. */
export class AliasFile {
  readonly #modelFolder: string;
  #fingerprint: string | undefined;
  #aliases: Aliases = new Map();
  #reason: string | undefined;

  constructor(modelFolder: string) {
    this.#modelFolder = modelFolder;
  }

  /** What the file says; what it last said, where it is broken. */
  get aliases(): Aliases {
    return this.#aliases;
  }

  /** Why the file cannot be read; undefined where it can. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Reads the file if it has changed. */
  async refresh(): Promise<void> {
    try {
      const now = await inTime(this.#modelFolder, () => fingerprint(join(this.#modelFolder, ALIASES_FILE)));
      if (now === this.#fingerprint) return;
      this.#fingerprint = now;
      this.#aliases = await readAliases(this.#modelFolder);
      this.#reason = undefined;
      // No file, then a file, then none again: two looks are alike, and what was read between them is not there.
      if (!isOfFile(now) && this.#aliases.size > 0) this.#fingerprint = undefined;
    } catch (error) {
      const isDamaged = error instanceof InputError;
      this.#reason = isDamaged ? error.message : `${ALIASES_FILE} cannot be read: ${explain(error)}.`;
      // An error that is not in the file itself may pass: the next call tries again.
      if (!isDamaged) this.#fingerprint = undefined;
    }
  }
}
