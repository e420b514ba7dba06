/** The payloads of large frames go through memory that two processes share, and through the pipe where it has no room. */
import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Frame } from "../../../src/engine/tensorflow/device-frames.js";
import { asFloats, encodeFrame, FRAME, FrameReader } from "../../../src/engine/tensorflow/device-frames.js";
import { SharedMemory } from "../../../src/engine/tensorflow/device-memory.js";
import { PLAN, start } from "./started-device.js";

/** 0 to 250, again and again. */
function someBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i % 251);
}

test("the payloads of large frames go through shared memory, each in a place of its own", (t) => {
  const memory = SharedMemory.create();
  if (memory === undefined) return t.skip("the system has no memory that processes can share");
  t.after(() => closeSync(memory.descriptor));
  const sent = [65_536, 100, 200_000].map(someBytes);
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame), memory);
  const buffers = sent.map((part, id) =>
    encodeFrame({ kind: FRAME.run, id, room: part.length + 4 }, [part], memory),
  );
  assert.deepEqual(
    buffers.map((parts) => parts.length),
    [1, 2, 1],
  );
  for (const buffer of buffers.flat()) reader.push(buffer);
  sent.forEach((part, i) => {
    assert.deepEqual(Buffer.from(frames[i]!.payload), Buffer.concat([part, new Uint8Array(4)]));
  });
});

test("where shared memory has no room, the pipe takes the payload", (t) => {
  // The file may not be written: there is room for nothing.
  const descriptor = openSync(fileURLToPath(import.meta.url), "r");
  t.after(() => closeSync(descriptor));
  const part = someBytes(70_000);
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame));
  const buffers = encodeFrame({ kind: FRAME.run, id: 1 }, [part], new SharedMemory(descriptor));
  for (const buffer of buffers) reader.push(buffer);
  assert.deepEqual(Buffer.from(frames[0]!.payload), Buffer.from(part));
});

test("runs of many windows are answered through shared memory, each for itself, more at once than have a place", async (t) => {
  const { device } = await start(t);
  const model = await device.load({ ...PLAN, windowShape: [5_000, 2], compiledSizes: [4] });
  const runs = Array.from({ length: 20 }, (_, i) => {
    const windows = new Float32Array(3 * 10_000).fill(i, 0, 1).fill(1 / 16, 10_000, 20_000);
    return device.run(model, windows, 3);
  });
  const answers = await Promise.all(runs);
  answers.forEach((answer, i) => {
    assert.deepEqual([...asFloats(answer)], [i, i, 625, 625, 0, 0, i, 625, 0]);
  });
});
