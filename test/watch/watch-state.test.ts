/** The file that `watch` keeps: what is read is what was written, and nothing else is taken for it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { InputError } from "../../src/errors.js";
import { LaterError } from "../../src/watch/http-call.js";
import { newState, readState, type WatchState, writeState } from "../../src/watch/watch-state.js";
import { scratchFolder } from "./watched.js";

const STATE: WatchState = newState({
  of: { model: "pump", stepMs: 1000, queries: [["flow", "rate(x[1m])"]], labels: [["site", "north"]] },
  readMs: 5000,
  writtenMs: 4000,
  stream: { continuation: "abc_-1", rows: 3, runs: [[0, 3000]], sinceMs: 1000, isDriftTold: false },
  events: [{ id: "pump-1-2", startMs: 1, endMs: 2, event: { score: 1 } }],
  unwritten: [{ ms: 5000, score: 1.5, anomalous: true, threshold: null, lower: [null], upper: [2] }],
  unsent: [{ id: "pump-1-2-began", body: { event: null } }],
});

test("a state is read as it was written, and nothing else is left in the folder", async (t) => {
  const folder = await scratchFolder(t);
  const file = join(folder, "pump.watch.json");
  assert.deepEqual(await readState(file), { state: undefined, problem: undefined });
  await writeState(file, STATE);
  await writeState(file, { ...STATE, readMs: 6000 });
  assert.deepEqual(await readState(file), { state: { ...STATE, readMs: 6000 }, problem: undefined });
  assert.deepEqual(await readdir(folder), ["pump.watch.json"]);
});

test("a damaged state is lost, and a sentence says so", async (t) => {
  const file = join(await scratchFolder(t), "state.json");
  const text = JSON.stringify(STATE);
  const wrong: unknown[] = [
    { ...STATE, extra: 1 },
    { ...STATE, writtenMs: 6000 },
    { ...STATE, stream: { ...STATE.stream, runs: [[3, 0]] } },
    { ...STATE, stream: { ...STATE.stream, continuation: '"}' } },
    { ...STATE, stream: { ...STATE.stream, runs: [[0, 1e300]] } },
    { ...STATE, unsent: [{ id: "a\nb: c", body: {} }] },
    null,
    [],
  ];
  for (const content of ["", text.slice(0, -1), `\0${text}`, ...wrong.map((one) => JSON.stringify(one))]) {
    await writeFile(file, content);
    const { state, problem } = await readState(file);
    assert.equal(state, undefined, content);
    assert.match(problem ?? "", /state\.json is damaged; watching begins anew\.$/);
  }
  await writeFile(file, JSON.stringify({ ...STATE, version: 2 }));
  assert.match((await readState(file)).problem ?? "", /was written by a newer release/);
});

test("whatever is changed in the file, it is read as a whole state or not at all", async (t) => {
  const file = join(await scratchFolder(t), "state.json");
  const bytes = Buffer.from(JSON.stringify(STATE));
  const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const changed = Buffer.from(bytes);
      for (const [at, byte] of changes) changed[at] = byte;
      await writeFile(file, changed);
      const { state, problem } = await readState(file);
      assert.ok((state === undefined) !== (problem === undefined));
      if (state !== undefined) assert.deepEqual(Object.keys(state), Object.keys(STATE));
    }),
    { numRuns: 200 },
  );
});

test("a link or a pipe is no state, and a folder that is not there is said", async (t) => {
  const folder = await scratchFolder(t);
  await writeFile(join(folder, "elsewhere"), "secret");
  await symlink(join(folder, "elsewhere"), join(folder, "link"));
  execFileSync("mkfifo", [join(folder, "pipe")]);
  for (const name of ["link", "pipe"]) await assert.rejects(readState(join(folder, name)), InputError);
  await assert.rejects(writeState(join(folder, "none", "state"), STATE), (error) => {
    assert.ok(error instanceof LaterError);
    assert.match(error.message, /^The state .*none\/state cannot be written: no such file or directory/);
    return true;
  });
  assert.equal(await readFile(join(folder, "elsewhere"), "utf8"), "secret");
});
