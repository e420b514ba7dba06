/**
 * Stands in for the device process in tests without TensorFlow: it reads and writes the same frames, and the first
 * number of a window says what it does.
 *
 * Every output number is the sum of the window. A file in the scratch folder, which outlives the process, says that
 * `holdOnce` has happened.
 */
import { existsSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { DeviceModel, Frame } from "../../../src/engine/tensorflow/device-frames.js";
import {
  asBytes,
  asFloats,
  decodeText,
  encodeFrame,
  encodeJson,
  FRAME,
  FrameReader,
} from "../../../src/engine/tensorflow/device-frames.js";
import { MEMORY_FDS, SharedMemory } from "../../../src/engine/tensorflow/device-memory.js";

/** What the first number of a window asks for. */
export const ORDER = {
  /** The first time, prints `holding` and never answers. */
  holdOnce: 1001,
  /** Prints `holding` and never answers. */
  hold: 1002,
  /** Crashes. */
  abort: 1003,
  /** Reports a failure, and goes on. */
  fail: 1004,
} as const;
/** A file of this name in the scratch folder keeps the process from starting. */
export const BROKEN = "broken";

const scratch = process.argv[2];
if (scratch !== undefined && process.argv[1]?.endsWith("fake-device-process.js")) serve(scratch);

function serve(folder: string): void {
  if (existsSync(join(folder, BROKEN))) {
    console.error("cannot start: it is broken");
    process.exit(3);
  }
  new Worker(new URL("../../../src/engine/tensorflow/device-heart.js", import.meta.url)).unref();
  const [requests, answers] =
    process.argv[3] === "shared" ? MEMORY_FDS.map((fd) => new SharedMemory(fd)) : [];
  const models = new Map<number, DeviceModel>();
  const pipe = new Socket({ fd: 3, readable: true, writable: true });
  pipe.once("close", () => process.exit(0));
  pipe.once("error", () => process.exit(0));
  let isHeld = false;
  const answer = (kind: number, id: number, parts: readonly Uint8Array[] = []): void => {
    for (const buffer of encodeFrame({ kind, id }, parts, answers)) pipe.write(buffer);
  };
  const run = (model: DeviceModel, frame: Frame): void => {
    const numbers = asFloats(frame.payload);
    const size = model.windowShape[0] * model.windowShape[1];
    console.error(`run ${plain(frame)}${frame.count} in ${numbers.length / size}`);
    const order = numbers[0];
    const held = join(folder, "held");
    if (order === ORDER.hold || (order === ORDER.holdOnce && !existsSync(held))) {
      writeFileSync(held, "");
      isHeld = true;
      console.error("holding");
    } else if (order === ORDER.abort) process.abort();
    else if (order === ORDER.fail) {
      answer(FRAME.failed, frame.id, [new TextEncoder().encode("as the window asks")]);
    } else {
      const sums = Array.from({ length: frame.count }, (_, i) =>
        numbers.subarray(i * size, (i + 1) * size).reduce((a, b) => a + b, 0),
      );
      const parts = model.outputs.map((output) =>
        asBytes(Float32Array.from(sums.flatMap((sum) => Array.from({ length: output.size }, () => sum)))),
      );
      answer(FRAME.done, frame.id, parts);
    }
  };
  const take = (frame: Frame): void => {
    if (isHeld) return;
    const model = models.get(frame.model);
    if (frame.kind === FRAME.load) {
      models.set(frame.model, JSON.parse(decodeText(frame.payload)) as DeviceModel);
      answer(FRAME.done, frame.id);
    } else if (model === undefined) {
      answer(FRAME.failed, frame.id, [new TextEncoder().encode("not loaded")]);
    } else if (frame.kind === FRAME.run) run(model, frame);
    else {
      console.error(frame.kind === FRAME.warm ? `warm ${plain(frame)}${frame.count}` : "unload");
      answer(FRAME.done, frame.id);
    }
  };
  const reader = new FrameReader(take, requests);
  pipe.on("data", (chunk: Uint8Array) => reader.push(chunk));
  answer(FRAME.ready, 0, [encodeJson({ usesGpu: false })]);
}

function plain(frame: Frame): string {
  return frame.program === "plain" ? "plain " : "";
}
