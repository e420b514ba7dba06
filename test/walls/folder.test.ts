/** Whatever one entry of the folder of models is, the other models are loaded and followed, and it says what is wrong. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { publishBundle } from "../../src/registry/bundle.js";
import { inTime } from "../../src/registry/folder-files.js";
import type { ModelListing } from "../../src/registry/model-entry.js";
import type { Registry } from "../../src/registry/registry.js";
import { addVersions, makeContents, temporaryFolder } from "../registry/publications.js";
import { ReferenceEngine } from "../registry/reference-engine.js";
import { opened, openRegistry, states } from "../registry/running-registry.js";

const isRoot = process.getuid?.() === 0;
/** A poll of a few tiny models takes some ten milliseconds; one that waits for a pipe or reads a device never ends. */
const BOUND_MS = 10_000;

interface Trap {
  /** What it is, as the model's or version's reason says it; undefined where nothing of it is listed. */
  readonly reason: RegExp | undefined;
  readonly skip?: boolean;
  /** @param models the folder of models, which has the version fan/1. */
  set(models: string): Promise<unknown> | unknown;
}

const pipe = (path: string): Buffer => execFileSync("mkfifo", [path]);

const TRAPS: Readonly<Record<string, Trap>> = {
  "a name that is a link to itself": {
    reason: /a link that leads back to itself/,
    set: (models) => symlink("trap", join(models, "trap")),
  },
  "a name that is a link to nothing": {
    reason: /a link to nothing/,
    set: (models) => symlink("/nothing/there", join(models, "trap")),
  },
  "a name that is a link out": {
    reason: /a link out of the folder of models/,
    set: (models) => symlink("/proc", join(models, "trap")),
  },
  "a name that is a pipe": { reason: /not a folder/, set: (models) => pipe(join(models, "trap")) },
  "a name that may not be read": {
    reason: /cannot be read: permission denied \(EACCES\)/,
    skip: isRoot,
    set: async (models) => {
      await mkdir(join(models, "trap", "1"), { recursive: true });
      await chmod(join(models, "trap"), 0o000);
    },
  },
  "a name that no model can have": {
    reason: undefined,
    set: (models) => mkdir(join(models, "..\u001b[31m Trap", "1"), { recursive: true }),
  },
  "a version that is a link to itself": {
    reason: /a link that leads back to itself/,
    set: async (models) => {
      await mkdir(join(models, "trap"));
      await symlink("1", join(models, "trap", "1"));
    },
  },
  "a version that is a link out": {
    reason: /a link out of the folder of models/,
    set: async (models) => {
      await mkdir(join(models, "trap"));
      await symlink("/etc", join(models, "trap", "1"));
    },
  },
  "a file of a bundle that is a pipe": {
    reason: /weights\.bin is not a file/,
    set: async (models) => {
      await cp(join(models, "fan"), join(models, "trap"), { recursive: true });
      await rm(join(models, "trap", "1", "weights.bin"));
      pipe(join(models, "trap", "1", "weights.bin"));
    },
  },
  "a file of a bundle that is a link to a device": {
    reason: /weights\.bin is a link/,
    set: async (models) => {
      await cp(join(models, "fan"), join(models, "trap"), { recursive: true });
      await rm(join(models, "trap", "1", "weights.bin"));
      await symlink("/dev/zero", join(models, "trap", "1", "weights.bin"));
    },
  },
  "a file of a bundle that is endless": {
    reason: /manifest\.json has 1099511627776 bytes; the most is/,
    set: async (models) => {
      await cp(join(models, "fan"), join(models, "trap"), { recursive: true });
      await truncate(join(models, "trap", "1", "manifest.json"), 2 ** 40);
    },
  },
  "a file of a bundle with a name of control characters": {
    reason: /"\\u001b\[2J" is not a file of a bundle/,
    set: async (models) => {
      await cp(join(models, "fan"), join(models, "trap"), { recursive: true });
      await writeFile(join(models, "trap", "1", "\u001b[2J"), "");
    },
  },
  "a manifest of other people's bytes": {
    reason: /^manifest\.json is not JSON( \(at character \d+\))?\.$/,
    set: async (models) => {
      await cp(join(models, "fan"), join(models, "trap"), { recursive: true });
      await writeFile(join(models, "trap", "1", "manifest.json"), "password=hunter2");
    },
  },
};

for (const [what, { reason, skip = false, set }] of Object.entries(TRAPS)) {
  test(`costs the other models nothing: ${what}`, { skip, timeout: BOUND_MS }, async (t) => {
    const models = await temporaryFolder(t);
    const engine = new ReferenceEngine();
    await addVersions(models, "pump", [1]);
    await addVersions(models, "fan", [1]);
    const running = await openRegistry(t, models, engine);
    await running.poll();
    await set(models);
    t.after(
      () => existsSync(join(models, "trap")) && chmod(join(models, "trap"), 0o755).catch(() => undefined),
    );
    await addVersions(models, "pump", [2]);
    await running.poll();
    // And for a service that is started into it.
    const fresh = await openRegistry(t, models, new ReferenceEngine());
    await fresh.poll();
    for (const registry of [running, fresh]) {
      assert.deepEqual(states(registry), { 2: "live", 1: "live" });
      assert.deepEqual(states(registry, "fan"), { 1: "live" });
      assertSays(registry, reason);
    }
  });
}

function assertSays(registry: Registry, reason: RegExp | undefined): void {
  const trap = registry.listModels().find(({ name }) => name !== "pump" && name !== "fan");
  if (reason === undefined) {
    assert.equal(trap, undefined);
    return;
  }
  const said = reasonOf(trap);
  assert.match(said, reason);
  assert.doesNotMatch(
    said,
    /residua-registry|hunter2|\/(etc|proc|dev|tmp)\b/,
    "a reason has no path and no bytes",
  );
}

function reasonOf(model: ModelListing | undefined): string {
  return model?.reason ?? model?.versions[0]?.reason ?? "";
}

const BAD_ALIASES: Readonly<Record<string, (file: string) => unknown>> = {
  "half-written": (file) => writeFile(file, '{"stable": "1'),
  "a pipe": pipe,
  "a folder": (file) => mkdir(file),
  "a link to a device": (file) => symlink("/dev/zero", file),
  "a link to another file": (file) => symlink("/etc/hostname", file),
};

for (const [what, set] of Object.entries(BAD_ALIASES)) {
  test(`aliases.json, ${what}: the last good ones hold, for that model alone`, {
    timeout: BOUND_MS,
  }, async (t) => {
    const { folder, registry } = await opened(t, 2);
    await addVersions(folder, "fan", [1]);
    await registry.setAlias("pump", "stable", "1");
    await rm(join(folder, "pump", "aliases.json"));
    await set(join(folder, "pump", "aliases.json"));
    await registry.poll();
    const lease = registry.acquire("pump", { alias: "stable" });
    lease.release();
    assert.equal(lease.model.version, "1");
    const listed = registry.listModels();
    assert.match(listed.find(({ name }) => name === "pump")?.reason ?? "", /^aliases\.json (is|has)/);
    assert.equal(listed.find(({ name }) => name === "fan")?.reason, null);
    await assert.rejects(
      registry.setAlias("pump", "stable", "2"),
      /until aliases\.json is repaired or removed/,
    );
    assert.equal((await registry.setAlias("fan", "stable", "1")).aliases["stable"], "1");
  });
}

test("a folder that cannot be read just now takes nothing away", {
  skip: isRoot,
  timeout: BOUND_MS,
}, async (t) => {
  const { folder, registry } = await opened(t, 2);
  await chmod(join(folder, "pump"), 0o000);
  t.after(() => chmod(join(folder, "pump"), 0o755));
  await registry.poll();
  assert.deepEqual(states(registry), { 2: "live", 1: "live" });
  assert.match(registry.listModels()[0]?.reason ?? "", /permission denied/);
  await chmod(join(folder, "pump"), 0o755);
  await registry.poll();
  assert.equal(registry.listModels()[0]?.reason, null);
});

test("a volume that does not answer is given up, and not asked again until it has answered", async () => {
  let answer = (): void => undefined;
  let asked = 0;
  const ask = (): Promise<string> => {
    asked++;
    return new Promise((resolve) => {
      answer = () => resolve("late");
    });
  };
  await assert.rejects(inTime("/hung", ask, 1), { code: "ETIMEDOUT", message: /has not answered within/ });
  await assert.rejects(inTime("/hung", ask, 1), { code: "ETIMEDOUT" });
  assert.equal(asked, 1, "no further thread is given to it");
  assert.equal(await inTime("/sound", async () => "another volume", 1000), "another volume");
  answer();
  await new Promise(setImmediate);
  assert.equal(await inTime("/hung", async () => "sound again", 1000), "sound again");
});

test("what a volume gives after its time is handed over to be closed, and once alone", async () => {
  let answer: (value: string) => void = () => undefined;
  const late: string[] = [];
  const keep = (value: string): void => void late.push(value);
  const hung = new Promise<string>((resolve) => {
    answer = resolve;
  });
  await assert.rejects(
    inTime("/hung", () => hung, 1, keep),
    { code: "ETIMEDOUT" },
  );
  answer("a handle");
  await new Promise(setImmediate);
  assert.equal(await inTime("/hung", async () => "in time", 1000, keep), "in time");
  assert.deepEqual(late, ["a handle"]);
});

test("a clock that is ahead takes nobody's unfinished bundle", async (t) => {
  const models = await temporaryFolder(t);
  const others = join(models, "pump", ".tmp-99999999-0123456789ab");
  const own = join(models, "pump", `.tmp-${process.pid}-0123456789ab`);
  for (const folder of [others, own]) await mkdir(folder, { recursive: true });
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 365 * 24 * 60 * 60 * 1000 });
  await publishBundle(models, "pump", await makeContents(new ReferenceEngine()));
  t.mock.timers.reset();
  assert.ok(existsSync(others) && existsSync(own));
  // Old by the volume's own clock too: what a running process writes stays, the other one goes.
  const longAgo = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000);
  for (const folder of [others, own]) await utimes(folder, longAgo, longAgo);
  await publishBundle(models, "pump", await makeContents(new ReferenceEngine(), 2));
  assert.deepEqual([existsSync(others), existsSync(own)], [false, true]);
});
