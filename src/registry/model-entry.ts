/**
 * What the registry knows of one model: its versions, and which of them answers a request.
 *
 * An alias follows its file only once the version that it names is live; until then it stands for the version
 * before.
 */
import { ResiduaError } from "../errors.js";
import { AliasFile } from "./alias-file.js";
import type { Lease } from "./leased-model.js";
import type { ModelStore } from "./model-store.js";
import { chooseVersion, type Selection } from "./version-choice.js";
import { VersionEntry, type VersionListing } from "./version-entry.js";

export interface ModelListing {
  readonly name: string;
  readonly aliases: Readonly<Record<string, string>>;
  /** Newest first. */
  readonly versions: readonly VersionListing[];
  /**
   * What is wrong with the versions of the model or with its aliases: the versions and aliases are then those of before.
   * Else null.
   */
  readonly reason: string | null;
}

/** The Retry-After, in seconds, for a model that is not ready. */
const RETRY_AFTER_SECONDS = 1;

export class ModelEntry {
  readonly name: string;
  readonly aliasFile: AliasFile;
  /** By version, newest first. */
  readonly versions = new Map<string, VersionEntry>();
  /** By alias, the live version that answers its requests. */
  readonly #routes = new Map<string, VersionEntry>();
  #newestLive: VersionEntry | undefined;
  /** Why its versions cannot be read just now. */
  problem: string | undefined;
  #isStored = false;
  /** Ends with the last thing done about this model. */
  #line: Promise<unknown> = Promise.resolve();
  /** The next time that it is followed, where that has not begun. */
  nextFollow: Promise<void> | undefined;

  constructor(name: string, store: Pick<ModelStore, "readChangedAliases">) {
    this.name = name;
    this.aliasFile = new AliasFile(store, name);
  }

  /** Runs tasks that concern this model one after another: following the store, changing its aliases. */
  inLine<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#line.then(task);
    this.#line = run.catch(() => undefined);
    return run;
  }

  /** Notes which versions are published. @param stored newest first. */
  setStored(stored: readonly string[]): void {
    const names = new Set(stored);
    this.#isStored = stored.length > 0;
    for (const entry of this.versions.values()) {
      entry.isStored = names.has(entry.version);
      this.forgetIfGone(entry);
    }
    if (stored.every((version) => this.versions.has(version))) return;
    for (const version of stored) {
      if (!this.versions.has(version)) this.versions.set(version, new VersionEntry(version));
    }
    const sorted = [...this.versions].sort(([a], [b]) => Number(b) - Number(a));
    this.versions.clear();
    for (const [version, entry] of sorted) this.versions.set(version, entry);
  }

  /** A version that is published. @throws ResiduaError VERSION_NOT_FOUND, with those that are. */
  findStored(version: string): VersionEntry {
    const entry = this.versions.get(version);
    if (entry?.isStored === true) return entry;
    const stored = [...this.versions.values()].filter(({ isStored }) => isStored);
    throw new ResiduaError(
      "VERSION_NOT_FOUND",
      `Model "${this.name}" has no version ${version}; it has ${enumerate(stored.map((own) => own.version))}.`,
    );
  }

  /** Drops a version that is neither published nor in memory. */
  forgetIfGone(entry: VersionEntry): void {
    if (entry.isStored || entry.live !== undefined || entry.draining > 0) return;
    this.versions.delete(entry.version);
  }

  /**
   * Decides which versions answer requests. To be called whenever a version has become live or is no longer
   * live.
   */
  refreshRoutes(): void {
    this.#newestLive = this.#live[0];
    const { aliases } = this.aliasFile;
    for (const [alias, version] of aliases) {
      const entry = this.versions.get(version);
      if (entry?.live !== undefined) this.#routes.set(alias, entry);
      else if (entry?.loading !== true) this.#routes.delete(alias);
    }
    for (const [alias, entry] of this.#routes) {
      if (!aliases.has(alias) || entry.live === undefined) this.#routes.delete(alias);
    }
  }

  /** Whether any of its versions is published. */
  get isStored(): boolean {
    return this.#isStored;
  }

  get #live(): VersionEntry[] {
    return [...this.versions.values()].filter((entry) => entry.live !== undefined);
  }

  /**
   * A lease of the version that `chooseVersion` says.
   * @throws ResiduaError VERSION_NOT_FOUND or ALIAS_NOT_FOUND with what there is, or MODEL_NOT_READY.
   */
  acquire(selection: Selection): Lease {
    const entry = this.#find(selection);
    if (entry?.live !== undefined) return entry.live.lease();
    throw this.#unavailable(entry, selection.version);
  }

  #find(selection: Selection): VersionEntry | undefined {
    const choice = chooseVersion(selection, this.aliasFile.aliases);
    switch (choice.by) {
      case "version":
        return this.versions.get(choice.version);
      case "alias":
        return this.#resolve(choice.alias);
      case "highest":
        return this.#newestLive;
    }
  }

  #resolve(alias: string): VersionEntry | undefined {
    const route = this.#routes.get(alias);
    if (route !== undefined) return route;
    const version = this.aliasFile.aliases.get(alias);
    if (version === undefined) {
      throw new ResiduaError(
        "ALIAS_NOT_FOUND",
        `Model "${this.name}" has no alias "${alias}"; it has ${enumerate([...this.aliasFile.aliases.keys()])}.`,
      );
    }
    const entry = this.versions.get(version);
    if (entry?.live !== undefined || entry?.loading === true) return entry;
    throw new ResiduaError(
      "VERSION_NOT_FOUND",
      `Alias "${alias}" of model "${this.name}" stands for version ${version}, which ${this.#whyNot(entry)}; ${this.#whatIsLive()}.`,
    );
  }

  #unavailable(entry: VersionEntry | undefined, version: string | undefined): ResiduaError {
    const isLoading = entry?.loading ?? [...this.versions.values()].some(({ loading }) => loading);
    if (isLoading && (entry !== undefined || version === undefined)) {
      return new ResiduaError("MODEL_NOT_READY", `Model "${this.name}" is being loaded.`, {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    const what = version === undefined ? "has no version that is live" : `has no live version ${version}`;
    const why = version === undefined ? "" : `: it ${this.#whyNot(entry)}`;
    return new ResiduaError(
      "VERSION_NOT_FOUND",
      `Model "${this.name}" ${what}${why}; ${this.#whatIsLive()}.`,
    );
  }

  #whyNot(entry: VersionEntry | undefined): string {
    if (entry === undefined) return "is not there";
    if (entry.reason !== undefined) return `is refused (${entry.reason})`;
    return `is ${entry.state}`;
  }

  #whatIsLive(): string {
    const live = this.#live.map(({ version }) => version);
    if (live.length > 0) return `live ${live.length === 1 ? "is" : "are"} ${enumerate(live)}`;
    const refused = [...this.versions.values()].find(({ reason }) => reason !== undefined);
    return refused === undefined
      ? "none is live"
      : `version ${refused.version} is refused (${refused.reason})`;
  }

  /** What is wrong with its versions or its aliases. */
  get reason(): string | undefined {
    return this.problem ?? this.aliasFile.reason;
  }

  /** Why the model is not ready, one sentence each. */
  problems(): string[] {
    const problems: string[] = [];
    const newest = [...this.versions.values()].find(({ isStored, state }) => isStored && state !== "refused");
    // A newer version that is being loaded may turn out to be invalid, so the one before it still answers.
    if (newest !== undefined && newest.live === undefined && !(newest.loading && this.#live.length > 0)) {
      problems.push(`${this.name}: version ${newest.version} is ${newest.state}.`);
    }
    for (const [alias, version] of this.aliasFile.aliases) {
      const entry = this.versions.get(version);
      if (entry?.live !== undefined || (entry?.loading === true && this.#routes.has(alias))) continue;
      problems.push(
        `${this.name}: alias ${alias} stands for version ${version}, which ${this.#whyNot(entry)}.`,
      );
    }
    if (this.reason !== undefined) problems.push(`${this.name}: ${this.reason}`);
    return problems;
  }

  /** The model as `GET /v1/models` lists it. */
  list(): ModelListing {
    return {
      name: this.name,
      aliases: Object.fromEntries(this.aliasFile.aliases),
      versions: [...this.versions.values()].map((entry) => entry.list()),
      reason: this.reason ?? null,
    };
  }
}

function enumerate(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.join(", ");
}
