/** What a folder of models cannot do just now is answered as that, and not as a fault of this program. */
import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { InputError, ResiduaError } from "../../src/errors.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { asAnswer } from "../../src/registry/store-failures.js";
import { addVersions, temporaryFolder } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";
import { opened, openRegistry, states } from "./running-registry.js";

/** A folder on a volume with errors, once `code` is set. */
class FailingStore extends FolderStore {
  code: string | undefined;

  #fail(): void {
    if (this.code === undefined) return;
    const errno = -constants.errno[this.code as "EIO"];
    throw Object.assign(new Error("broken"), { code: this.code, errno, syscall: "open" });
  }

  override async changeAliases(...change: Parameters<FolderStore["changeAliases"]>): Promise<void> {
    this.#fail();
    return super.changeAliases(...change);
  }

  override async deleteVersion(name: string, version: string): Promise<void> {
    this.#fail();
    return super.deleteVersion(name, version);
  }

  override async readManifest(name: string, version: string) {
    this.#fail();
    return super.readManifest(name, version);
  }
}

test("aliases, deletions and manifests say what is wrong with the volume", async (t) => {
  const folder = await temporaryFolder(t);
  await addVersions(folder, "pump", [1, 2, 3]);
  const store = new FailingStore(folder);
  const registry = await openRegistry(t, folder, new ReferenceEngine(), { store, liveVersions: 2 });
  await registry.poll();
  store.code = "EIO";
  const unavailable = {
    code: "STORE_UNAVAILABLE",
    message: /^The folder of models cannot be used just now: .*\.$/,
  };
  await assert.rejects(registry.setAlias("pump", "stable", "3"), unavailable);
  await assert.rejects(registry.deleteAlias("pump", "stable"), unavailable);
  await assert.rejects(registry.deleteVersion("pump", "1"), unavailable);
  await assert.rejects(registry.manifest("pump", { version: "1" }), unavailable);
  store.code = "ENOSPC";
  await assert.rejects(registry.setAlias("pump", "stable", "3"), /no space left on device \(ENOSPC\)\.$/);
  store.code = undefined;
  await registry.deleteVersion("pump", "1");
  assert.deepEqual(states(registry), { 3: "live", 2: "live" });
});

test("errors that say more, and faults of this program, stay as they are", () => {
  const answer = asAnswer({ title: "The folder of models" });
  for (const error of [new ResiduaError("CONFLICT", "no"), new InputError("no"), new TypeError("a fault")]) {
    assert.throws(
      () => answer(error),
      (thrown) => thrown === error,
    );
  }
});

test("a version that was published after the last look can be deleted", async (t) => {
  const { folder, registry } = await opened(t, 1);
  await addVersions(folder, "pump", [2]);
  await registry.deleteVersion("pump", "2");
  assert.deepEqual(states(registry), { 1: "live" });
  await assert.rejects(registry.deleteVersion("pump", "3"), { code: "VERSION_NOT_FOUND" });
  assert.deepEqual(await new FolderStore(folder).list(), [
    { name: "pump", versions: ["1"], problem: undefined },
  ]);
});
