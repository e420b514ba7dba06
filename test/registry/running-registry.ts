/** A registry on a folder of tiny models with an engine that can be held back, and what a test asks of it. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type ErrorCode, ResiduaError } from "../../src/errors.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { Registry, type RegistryOptions } from "../../src/registry/registry.js";
import { addVersions, temporaryFolder } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";

/** A promise that a test fulfils when it is ready for what waits on it. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function makeGate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

export const log = { info: () => undefined, warn: () => undefined };

/** Opens a registry that looks at its folder only when a test polls it. It closes after the test. */
export async function openRegistry(
  t: TestContext,
  folder: string,
  engine: ReferenceEngine,
  options: Partial<RegistryOptions> = {},
): Promise<Registry> {
  const registry = await Registry.open({
    store: new FolderStore(folder),
    engine,
    liveVersions: 2,
    pollSeconds: 0,
    log,
    ...options,
  });
  t.after(() => registry.close());
  return registry;
}

/** A registry that has loaded versions 1 to `versions` of the model pump from a folder of its own. */
export async function opened(
  t: TestContext,
  versions = 1,
  options: Partial<RegistryOptions> = {},
): Promise<{ folder: string; engine: ReferenceEngine; registry: Registry }> {
  const folder = await temporaryFolder(t);
  const engine = new ReferenceEngine();
  const numbers = Array.from({ length: versions }, (_, at) => at + 1);
  await addVersions(folder, "pump", numbers);
  const registry = await openRegistry(t, folder, engine, options);
  await registry.poll();
  return { folder, engine, registry };
}

/** The state of each version of a model, by version. */
export function states(registry: Registry, name = "pump"): Record<string, string> {
  const model = registry.listModels().find((each) => each.name === name);
  return Object.fromEntries((model?.versions ?? []).map(({ version, state }) => [version, state]));
}

/** The version of the model pump that answers a request. */
export function versionServed(
  registry: Registry,
  selection: { version?: string; alias?: string } = {},
): string {
  const lease = registry.acquire("pump", selection);
  lease.release();
  return lease.model.version;
}

/** Asserts that an action throws a ResiduaError with this code and message, and returns the error. */
export function assertRefused(action: () => unknown, code: ErrorCode, sentence: RegExp): ResiduaError {
  let caught: unknown;
  assert.throws(action, (error) => {
    caught = error;
    return error instanceof ResiduaError && error.code === code && sentence.test(error.message);
  });
  return caught as ResiduaError;
}
