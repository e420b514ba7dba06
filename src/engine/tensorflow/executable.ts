/** One network on the device: its graph on disk, its runs, and how they are cut into batches. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError, ResiduaError } from "../../errors.js";
import type { Network } from "../../network/network.js";
import type { Weights } from "../../network/weights.js";
import type { Executable, Outputs } from "../engine.js";
import type { Device, DeviceLog } from "./device.js";
import { asFloats, PROGRAMS } from "./device-frames.js";
import { graphOutputs, lowerNetwork } from "./graph.js";
import type { LoweringPlan } from "./lowering-plan.js";
import { planLowering } from "./lowering-plan.js";

export interface CompileOptions {
  /** Where the graph is written; it stays there for the processes to come. */
  readonly scratchFolder: string;
  readonly maxBatchWindows: number;
  readonly usesGpu: boolean;
  readonly log: DeviceLog;
}

/**
 * Loads a network and makes it ready for every batch size.
 * Throws InputError where the device cannot run it.
 */
export async function compileGraph(
  device: Device,
  network: Network,
  weights: Weights,
  options: CompileOptions,
): Promise<Executable> {
  try {
    return await load(device, network, weights, options, planLowering(network, options));
  } catch (error) {
    if (!isFailure(error)) throw error;
    options.log("warn", `Without XLA, since it does not compile: ${error.message}`);
  }
  try {
    const lowering = { plain: { blockSteps: network.timesteps } };
    return await load(device, network, weights, options, { lowering, compiledSizes: [], maxPadding: 1 });
  } catch (cause) {
    if (!isFailure(cause)) throw cause;
    throw new InputError(cause.message, { cause });
  }
}

function isFailure(error: unknown): error is ResiduaError {
  return error instanceof ResiduaError && error.code === "INFERENCE_FAILED";
}

async function load(
  device: Device,
  network: Network,
  weights: Weights,
  options: CompileOptions,
  plan: LoweringPlan,
): Promise<Executable> {
  const folder = await mkdtemp(join(options.scratchFolder, "model-"));
  const { timesteps, features } = network;
  const outputs = graphOutputs(network).map(({ name, shape }) => ({
    name,
    size: shape.reduce((a, b) => a * b, 1),
  }));
  let model: number | undefined;
  try {
    await writeFile(join(folder, "saved_model.pb"), lowerNetwork(network, weights, plan.lowering));
    model = await device.load({
      label: `the network of T=${timesteps} and F=${features} in ${folder}`,
      folder,
      programs: PROGRAMS.filter((program) => plan.lowering[program] !== undefined),
      windowShape: [timesteps, features],
      outputs,
      compiledSizes: plan.compiledSizes,
      maxPadding: plan.maxPadding,
    });
    await device.warm(model);
    return new DeviceExecutable(device, model, network, options.maxBatchWindows, folder, outputs);
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
    maxWindows: number,
    folder: string,
    outputs: readonly { readonly size: number }[],
  ) {
    this.device = device;
    this.model = model;
    this.network = network;
    this.maxWindows = maxWindows;
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
