/** One network on the device: its graph on disk, its runs, and how they are cut into batches. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError, ResiduaError } from "../../errors.js";
import type { Network } from "../../network/network.js";
import { layersWithShapes } from "../../network/network.js";
import type { Weights } from "../../network/weights.js";
import type { Executable, Outputs } from "../engine.js";
import type { Device, DeviceLog } from "./device.js";
import { asFloats } from "./device-frames.js";
import type { Lowering } from "./graph.js";
import { graphOutputs, lowerNetwork } from "./graph.js";

export interface CompileOptions {
  /** Where the graph is written; it stays there for the processes to come. */
  readonly scratchFolder: string;
  readonly batchSizes: readonly number[];
  readonly log: DeviceLog;
}

/**
 * XLA takes 0.4 s to compile a loop of any length, and 40 ms for every timestep that is written out; written out,
 * T = 9 runs 15 to 20 percent faster, and T = 32 no faster.
 */
const MAX_WRITTEN_OUT_STEPS = 18;

/**
 * Loads a network and compiles it for every batch size.
 * Throws InputError where the device cannot run it.
 */
export async function compileGraph(
  device: Device,
  network: Network,
  weights: Weights,
  options: CompileOptions,
): Promise<Executable> {
  const blockSteps = recurrentSteps(network) <= MAX_WRITTEN_OUT_STEPS ? network.timesteps : 1;
  try {
    return await load(device, network, weights, options, { blockSteps, xla: true });
  } catch (error) {
    if (!(error instanceof ResiduaError && error.code === "INFERENCE_FAILED")) throw error;
    options.log("warn", `Without XLA, since it does not compile: ${error.message}`);
  }
  try {
    return await load(device, network, weights, options, { blockSteps: network.timesteps, xla: false });
  } catch (cause) {
    if (!(cause instanceof ResiduaError && cause.code === "INFERENCE_FAILED")) throw cause;
    throw new InputError(cause.message, { cause });
  }
}

async function load(
  device: Device,
  network: Network,
  weights: Weights,
  options: CompileOptions,
  lowering: Lowering,
): Promise<Executable> {
  const folder = await mkdtemp(join(options.scratchFolder, "model-"));
  const { timesteps, features } = network;
  const outputs = graphOutputs(network).map(({ name, shape }) => ({
    name,
    size: shape.reduce((a, b) => a * b, 1),
  }));
  let model: number | undefined;
  try {
    await writeFile(join(folder, "saved_model.pb"), lowerNetwork(network, weights, lowering).savedModel);
    model = await device.load({
      label: `the network of T=${timesteps} and F=${features} in ${folder}`,
      folder,
      windowShape: [timesteps, features],
      outputs,
      batchSizes: options.batchSizes,
    });
    await device.warm(model);
    return new DeviceExecutable(device, model, network, options.batchSizes, folder, outputs);
  } catch (error) {
    if (model !== undefined) await device.unload(model);
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

class DeviceExecutable implements Executable {
  readonly network: Network;
  private readonly device: Device;
  private readonly model: number;
  private readonly folder: string;
  private readonly outputs: readonly { readonly size: number }[];
  private readonly maxWindows: number;
  private readonly underWay = new Set<Promise<unknown>>();
  private closed: Promise<void> | undefined;

  constructor(
    device: Device,
    model: number,
    network: Network,
    batchSizes: readonly number[],
    folder: string,
    outputs: readonly { readonly size: number }[],
  ) {
    this.device = device;
    this.model = model;
    this.network = network;
    this.maxWindows = batchSizes.at(-1)!;
    this.folder = folder;
    this.outputs = outputs;
  }

  async run(windows: Float32Array, count: number): Promise<Outputs> {
    if (this.closed !== undefined) throw new ResiduaError("SHUTTING_DOWN", "The network is closed.");
    const size = this.network.timesteps * this.network.features;
    if (count < 1 || windows.length < count * size) {
      throw new RangeError(`${windows.length} numbers are not ${count} windows of ${size}`);
    }
    const run = this.runBatches(windows, count, size);
    this.underWay.add(run);
    try {
      return await run;
    } finally {
      this.underWay.delete(run);
    }
  }

  close(): Promise<void> {
    this.closed ??= (async () => {
      await Promise.allSettled(this.underWay);
      await this.device.unload(this.model);
      await rm(this.folder, { recursive: true, force: true });
    })();
    return this.closed;
  }

  private async runBatches(windows: Float32Array, count: number, size: number): Promise<Outputs> {
    const starts = Array.from({ length: Math.ceil(count / this.maxWindows) }, (_, i) => i * this.maxWindows);
    const answers = await Promise.all(
      starts.map(async (start) => {
        const batch = Math.min(this.maxWindows, count - start);
        const rows = windows.subarray(start * size, (start + batch) * size);
        return { start, batch, numbers: asFloats(await this.device.run(this.model, rows, batch)) };
      }),
    );
    const arrays = this.outputs.map(({ size: outputSize }, i) => {
      const before = this.outputs.slice(0, i).reduce((sum, output) => sum + output.size, 0);
      const part = ({ numbers, batch }: (typeof answers)[number]): Float32Array =>
        numbers.subarray(before * batch, (before + outputSize) * batch);
      if (answers.length === 1) return part(answers[0]!);
      const all = new Float32Array(count * outputSize);
      for (const answer of answers) all.set(part(answer), answer.start * outputSize);
      return all;
    });
    return { heads: arrays.slice(0, -1), embedding: arrays.at(-1)! };
  }
}

/** Timesteps of all LSTM layers together: what XLA has to compile where they are written out. */
function recurrentSteps(network: Network): number {
  return layersWithShapes(network)
    .filter(({ layer }) => layer.kind === "lstm")
    .reduce((sum, { input }) => sum + input[0]!, 0);
}
