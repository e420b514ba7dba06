/** The registry for the routes, which are there before it: the service listens while its engine starts. */
import type { Config } from "../config.js";
import type { Engine } from "../engine/engine.js";
import { ResiduaError } from "../errors.js";
import type { Lease } from "../registry/leased-model.js";
import type { ModelListing } from "../registry/model-entry.js";
import type { Registry } from "../registry/registry.js";
import type { ServedModel } from "../registry/served-model.js";
import type { Selection } from "../registry/version-choice.js";

export class LiveModels {
  readonly #ready: Config["RESIDUA_READY"];
  #registry: Registry | undefined;
  #engine: Pick<Engine, "problem" | "restarts"> | undefined;

  /** @param ready what `problems` is about: the service alone, or also every model. */
  constructor(ready: Config["RESIDUA_READY"] = "server") {
    this.#ready = ready;
  }

  /**
   * Gives the routes the registry, once it is open.
   * @param engine is asked whether it can run anything.
   */
  connect(registry: Registry, engine?: Pick<Engine, "problem" | "restarts">): void {
    this.#registry = registry;
    this.#engine = engine;
  }

  /** @throws ResiduaError MODEL_NOT_READY while the engine starts. */
  get registry(): Registry {
    if (this.#registry === undefined) {
      throw new ResiduaError("MODEL_NOT_READY", "The engine is starting; no model is live yet.");
    }
    return this.#registry;
  }

  /** @throws ResiduaError MODEL_NOT_FOUND, VERSION_NOT_FOUND, ALIAS_NOT_FOUND or MODEL_NOT_READY. */
  acquire(name: string, selection: Selection): Lease {
    return this.registry.acquire(name, selection);
  }

  /** Every model with its versions, by name. */
  list(): readonly ModelListing[] {
    return this.#registry?.listModels() ?? [];
  }

  /** Why the store of models could not be read the last time; undefined where it could. What is live serves on. */
  get storeProblem(): string | undefined {
    return this.#registry?.storeProblem;
  }

  /** Why the service is not ready, one sentence each; empty where it is. */
  problems(): readonly string[] {
    if (this.#registry === undefined) return ["The engine is starting."];
    const ofModels =
      this.#ready === "models"
        ? this.#registry.readiness().problems
        : [this.#registry.notSettled() ?? []].flat();
    return [this.#engine?.problem ?? [], ofModels].flat();
  }

  /** How often the engine started its threads or its process again. */
  get engineRestarts(): number {
    return this.#engine?.restarts ?? 0;
  }

  /** A live model to show examples with: the first of the listing that has a live version. */
  anyLive(): ServedModel | undefined {
    const listed = this.list().find(({ versions }) => versions.some(({ state }) => state === "live"));
    if (listed === undefined) return undefined;
    const version = listed.versions.find(({ state }) => state === "live")!.version;
    const lease = this.acquire(listed.name, { version });
    lease.release();
    return lease.model;
  }

  /** Every version of every model, for metrics. */
  versions(): { model: string; version: string; state: string }[] {
    return this.list().flatMap(({ name, versions }) =>
      versions.map(({ version, state }) => ({ model: name, version, state })),
    );
  }

  /** Whether each model's newest valid version and the targets of its aliases are live, for metrics. */
  states(): { model: string; isReady: boolean }[] {
    const problems = this.#registry?.modelProblems() ?? new Map<string, readonly string[]>();
    return [...problems].map(([model, { length }]) => ({ model, isReady: length === 0 }));
  }

  async close(): Promise<void> {
    await this.#registry?.close();
  }
}
