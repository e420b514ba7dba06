/** Notes reach their store in order, whatever it takes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JobNote } from "../../src/jobs/job.js";
import { NoteWriter } from "../../src/jobs/note-writer.js";

const epoch = (number: number): JobNote => ({
  type: "progress",
  progress: { epoch: number, epochs: 1e6, loss: 1, validationLoss: null, fold: null },
});
const epochOf = (note: JobNote): number => (note.type === "progress" ? note.progress.epoch : -1);

test("a store that does not take notes for a while gets all of them, in order", async () => {
  const written: JobNote[] = [];
  let refusals = 3;
  let troubles = 0;
  const writer = new NoteWriter({
    write: async (note) => {
      if (written.length === 2 && refusals-- > 0) throw new Error("away");
      written.push(note);
      return true;
    },
    onLost: () => assert.fail("it was not lost"),
    onTrouble: () => troubles++,
    againMs: 1,
  });
  writer.add({ type: "started", at: "2024-01-01T00:00:00.000Z" });
  for (let index = 0; index < 5; index++) writer.add(epoch(index));
  await writer.flushed();
  assert.deepEqual(written.slice(1).map(epochOf), [0, 1, 2, 3, 4]);
  // Said once, and not at every attempt.
  assert.equal(troubles, 1);
});

test("while a store is away, epochs that it has not taken are replaced by newer ones", async () => {
  const written: JobNote[] = [];
  let isAway = true;
  const writer = new NoteWriter({
    write: async (note) => {
      if (isAway) throw new Error("away");
      written.push(note);
      return true;
    },
    onLost: () => assert.fail("it was not lost"),
    onTrouble: () => undefined,
    againMs: 1,
  });
  for (let index = 0; index < 5000; index++) writer.add(epoch(index));
  writer.add({ type: "warning", sentence: "kept" });
  writer.add(epoch(5000));
  isAway = false;
  await writer.flushed();
  assert.equal(written.length, 1002);
  assert.deepEqual(written.slice(-3).map(epochOf), [4999, -1, 5000]);
});

test("of a million epochs, a second has one at most, and the last one is there", async () => {
  const written: JobNote[] = [];
  let nowMs = 0;
  const writer = new NoteWriter({
    write: async (note) => written.push(note) > 0,
    onLost: () => assert.fail("it was not lost"),
    onTrouble: () => undefined,
    againMs: 1,
    nowMs: () => nowMs,
  });
  for (let index = 1; index <= 30_000; index++) {
    nowMs += 10;
    writer.add(epoch(index));
    // What waits is written.
    if (index % 500 === 0) await writer.flushed();
  }
  await writer.flushed();
  const epochs = written.map(epochOf);
  assert.deepEqual(
    epochs.slice(0, 10_000),
    Array.from({ length: 10_000 }, (_, index) => index + 1),
  );
  // 200 s, and what each flush released.
  assert.ok(epochs.length <= 10_000 + 200 + 40 + 1, String(epochs.length));
  assert.equal(epochs.at(-1), 30_000);
});

test("who has lost the job writes no more, and says so", async () => {
  let lost = 0;
  let written = 0;
  const writer = new NoteWriter({
    write: async () => ++written < 2,
    onLost: () => lost++,
    onTrouble: () => undefined,
    againMs: 1,
  });
  for (let index = 0; index < 5; index++) writer.add(epoch(index));
  await writer.flushed();
  writer.add(epoch(6));
  await writer.flushed();
  assert.deepEqual([lost, written], [1, 2]);
});
