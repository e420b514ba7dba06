/**
 * The program of the device process: loads graphs and runs them, one task after the other, as the engine asks.
 *
 * TensorFlow's calls block the thread, and a crash of TensorFlow ends the process that loaded it; neither may happen to
 * the service, so TensorFlow has a process of its own. It ignores SIGTERM, since the service finishes the runs under
 * way first, and ends when the pipe to the service is closed.
 */
import { rmSync } from "node:fs";
import { Socket } from "node:net";
import { Worker } from "node:worker_threads";
import type { DeviceModel, DeviceReady, Frame, Program } from "./device-frames.js";
import { asBytes, decodeText, encodeFrame, encodeJson, FRAME, FrameReader } from "./device-frames.js";
import { MEMORY_FDS, SharedMemory } from "./device-memory.js";
import type { NativeModel } from "./native.js";
import { loadNativeTensorFlow } from "./native.js";
import { SAVED_MODEL_TAG } from "./saved-model.js";

interface Loaded extends DeviceModel {
  /** All of one TensorFlow session, so that the weights are in memory once. */
  readonly natives: ReadonlyMap<Program, NativeModel>;
}

const [, , scratchFolder, shared] = process.argv;
const [requests, answers] = shared === undefined ? [] : MEMORY_FDS.map((fd) => new SharedMemory(fd));
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => {});

// Before TensorFlow is loaded, which takes the main thread.
new Worker(new URL("./device-heart.js", import.meta.url), { execArgv: [] }).unref();

const pipe = new Socket({ fd: 3, readable: true, writable: true });
const end = (): void => {
  // A parent that was killed could not remove the folder; one that ended in order already has.
  if (scratchFolder !== undefined) rmSync(scratchFolder, { recursive: true, force: true });
  process.exit(0);
};
pipe.once("close", end);
pipe.once("error", end);

const tf = loadNativeTensorFlow();
const models = new Map<number, Loaded>();

/** Answers the frames in their order: loading is asynchronous, and the frames after it have to wait for it. */
let queue = Promise.resolve();
const take = (frame: Frame): void => {
  queue = queue.then(async () => {
    await answer(frame);
    spare = frame.payload;
  });
};
/** The payload before, whose frame is answered: the windows of the next run are often as many. */
let spare: Uint8Array | undefined;
const reader = new FrameReader(take, requests, (bytes) => {
  const before = spare;
  spare = undefined;
  return before?.byteLength === bytes ? before : new Uint8Array(bytes);
});
pipe.on("data", (chunk: Uint8Array) => reader.push(chunk));

const ready: DeviceReady = { usesGpu: tf.backend().isUsingGpuDevice };
send(encodeFrame({ kind: FRAME.ready, id: 0 }, [encodeJson(ready)]));

async function answer(frame: Frame): Promise<void> {
  try {
    send(encodeFrame({ kind: FRAME.done, id: frame.id }, await carryOut(frame), answers));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    send(encodeFrame({ kind: FRAME.failed, id: frame.id }, [new TextEncoder().encode(reason)]));
  }
}

async function carryOut(frame: Frame): Promise<Uint8Array[]> {
  switch (frame.kind) {
    case FRAME.load: {
      const model = JSON.parse(decodeText(frame.payload)) as DeviceModel;
      const natives = new Map<Program, NativeModel>();
      for (const program of model.programs) {
        natives.set(program, await tf.node.loadSavedModel(model.folder, [SAVED_MODEL_TAG], program));
      }
      models.set(frame.model, { ...model, natives });
      return [];
    }
    case FRAME.warm: {
      const model = loaded(frame);
      const [timesteps, features] = model.windowShape;
      run(model, frame.program, new Uint8Array(4 * frame.count * timesteps * features), frame.count);
      return [];
    }
    case FRAME.run:
      return run(loaded(frame), frame.program, frame.payload, frame.count);
    case FRAME.unload:
      for (const native of models.get(frame.model)?.natives.values() ?? []) native.dispose();
      models.delete(frame.model);
      return [];
    default:
      throw new RangeError(`the device process does not know frames of kind ${frame.kind}`);
  }
}

function loaded(frame: Frame): Loaded {
  const model = models.get(frame.model);
  if (model === undefined) throw new RangeError(`model ${frame.model} is not loaded`);
  return model;
}

/**
 * Runs a program of a model on a batch, which is padded with zeros.
 * @param batch float32 [batch size, T, F].
 * @param count the windows at its beginning that are asked for.
 * @returns for each output, the float32 of those windows.
 */
function run(model: Loaded, program: Program, batch: Uint8Array, count: number): Uint8Array[] {
  const [timesteps, features] = model.windowShape;
  const windowSize = timesteps * features;
  const size = batch.byteLength / (4 * windowSize);
  const native = model.natives.get(program);
  if (native === undefined) throw new RangeError(`the model has no ${program} program`);
  // Checked before the call, because TensorFlow does not free the inputs of a run that fails.
  if (!Number.isInteger(size) || size < 1 || count > size) {
    throw new RangeError(`a batch of ${batch.byteLength} bytes does not hold ${count} windows`);
  }
  const bits = new Int32Array(batch.buffer, batch.byteOffset, size * windowSize);
  const windows = tf.tensor(bits, [size, timesteps, features], "int32");
  try {
    const outputs = native.predict({ windows });
    return model.outputs.map(({ name, size: outputSize }) => {
      const output = outputs[name]!;
      const numbers = output.dataSync();
      output.dispose();
      if (numbers.length !== size * outputSize) {
        throw new RangeError(`output ${name} has ${numbers.length} numbers, not ${size * outputSize}`);
      }
      return asBytes(numbers.subarray(0, count * outputSize));
    });
  } finally {
    windows.dispose();
  }
}

function send(buffers: readonly Uint8Array[]): void {
  pipe.cork();
  for (const buffer of buffers) pipe.write(buffer);
  pipe.uncork();
}
