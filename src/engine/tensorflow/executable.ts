/** A network on the device: writes its graph to disk, has it loaded, and cuts runs into batches. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError, ResiduaError } from "../../errors.js";
import { inputWidth, type Network, windowSize } from "../../network/network.js";
import type { Weights } from "../../network/weights.js";
import type { Executable, Outputs } from "../engine.js";
import type { Device } from "./device.js";
import { asFloats, PROGRAMS } from "./device-frames.js";
import type { DeviceLog } from "./device-options.js";
import { checked } from "./executable-check.js";
import { graphOutputs, lowerNetwork } from "./graph.js";
import type { LoweringPlan } from "./lowering-plan.js";
import { planLowerings } from "./lowering-plan.js";

export interface CompileOptions {
  /** The folder for the graph. The graph stays there, because every new device process loads it. */
  readonly scratchFolder: string;
  /** Windows of the largest batch; a longer run is cut into several. */
  readonly maxBatchWindows: number;
  readonly usesGpu: boolean;
  readonly log: DeviceLog;
}

/**
 * Loads a network and warms it for every batch size of its plan. Where what should compute it fails, the next plan is
 * carried out, and the log says so.
 * @param network a valid one (`validateNetwork`), with all its weights (`checkWeights`).
 * Rejects with InputError where the device cannot run the network, and with SHUTTING_DOWN once the device is closed.
 */
export async function compileGraph(
  device: Device,
  network: Network,
  weights: Weights,
  options: CompileOptions,
): Promise<Executable> {
  const plans = planLowerings(network, options);
  for (const [i, plan] of plans.entries()) {
    try {
      const loadPlan = (one: LoweringPlan): Promise<Executable> =>
        load(device, network, weights, options, one);
      const executable = await loadPlan(plan);
      const { checkedBy } = plan;
      return checkedBy === undefined
        ? executable
        : await checked(executable, () => loadPlan(checkedBy), checkedBy.by);
    } catch (error) {
      if (!isFailure(error)) throw error;
      const next = plans[i + 1];
      if (next === undefined) throw new InputError(error.message, { cause: error });
      options.log("warn", `${plan.by} does not run the network, so ${next.by} will: ${error.message}`);
    }
  }
  throw new RangeError("There is no plan for the network.");
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
  const { timesteps } = network;
  const width = inputWidth(network);
  const outputs = graphOutputs(network).map(({ name, shape }) => ({
    name,
    size: shape.reduce((a, b) => a * b, 1),
  }));
  let model: number | undefined;
  try {
    await writeFile(join(folder, "saved_model.pb"), lowerNetwork(network, weights, plan.lowering));
    model = await device.load({
      label: `the network of windows [${timesteps}, ${width}]`,
      folder,
      programs: PROGRAMS.filter((program) => plan.lowering[program] !== undefined),
      windowShape: [timesteps, width],
      outputs,
      compiledSizes: plan.compiledSizes,
      maxPadding: plan.maxPadding,
    });
    await device.warm(model);
    return new DeviceExecutable(device, { number: model, folder, outputs }, network, options.maxBatchWindows);
  } catch (error) {
    if (model !== undefined) await device.unload(model);
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

interface LoadedModel {
  /** Of the device. */
  readonly number: number;
  /** The folder of its graph. */
  readonly folder: string;
  /** In the order of a run's answer: how many numbers an output has for one window. */
  readonly outputs: readonly { readonly size: number }[];
}

class DeviceExecutable implements Executable {
  readonly network: Network;
  private readonly device: Device;
  private readonly model: LoadedModel;
  private readonly maxWindows: number;
  private readonly underWay = new Set<Promise<unknown>>();
  private closed: Promise<void> | undefined;

  constructor(device: Device, model: LoadedModel, network: Network, maxWindows: number) {
    this.device = device;
    this.model = model;
    this.network = network;
    this.maxWindows = maxWindows;
  }

  async run(windows: Float32Array, count: number): Promise<Outputs> {
    if (this.closed !== undefined) {
      throw new ResiduaError("MODEL_NOT_READY", "This version of the model is closed.", {
        retryAfterSeconds: 1,
      });
    }
    const size = windowSize(this.network);
    if (!Number.isInteger(count) || count < 1 || windows.length < count * size) {
      throw new RangeError(`${windows.length} numbers are not ${count} windows of ${size} numbers each.`);
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
      await this.device.unload(this.model.number);
      await rm(this.model.folder, { recursive: true, force: true });
    })();
    return this.closed;
  }

  private async runBatches(windows: Float32Array, count: number, size: number): Promise<Outputs> {
    const starts = Array.from({ length: Math.ceil(count / this.maxWindows) }, (_, i) => i * this.maxWindows);
    const answers = await Promise.all(
      starts.map(async (start) => {
        const batch = Math.min(this.maxWindows, count - start);
        const rows = windows.subarray(start * size, (start + batch) * size);
        return { start, batch, numbers: asFloats(await this.device.run(this.model.number, rows, batch)) };
      }),
    );
    const { outputs } = this.model;
    const arrays = outputs.map(({ size: outputSize }, i) => {
      const before = outputs.slice(0, i).reduce((sum, output) => sum + output.size, 0);
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
