/** The record of one batch (layout.ts), which all threads read. */
import { inputWidth, type Network } from "../../../network/network.js";
import {
  MODE_EVALUATE,
  MODE_GRADIENTS,
  MODE_TRAIN,
  TRAINING_ABSOLUTE,
  TRAINING_ARRIVED,
  TRAINING_BLOCK_WINDOWS,
  TRAINING_FEATURES,
  TRAINING_FINISHED,
  TRAINING_FIRST_MOMENTS,
  TRAINING_GRADIENTS,
  TRAINING_GROUP_WINDOWS,
  TRAINING_INPUT_WIDTH,
  TRAINING_INPUTS,
  TRAINING_LAST_OPERATIONS,
  TRAINING_LAST_WEIGHT_GRADIENTS,
  TRAINING_LOSSES,
  TRAINING_MODE,
  TRAINING_NEXT_TRANSPOSITION,
  TRAINING_NEXT_UPDATE,
  TRAINING_NEXT_WEIGHT_GRADIENT,
  TRAINING_NEXT_WINDOW,
  TRAINING_OPERATION_COUNT,
  TRAINING_OPERATIONS,
  TRAINING_PARAMETER_COUNT,
  TRAINING_PARAMETERS,
  TRAINING_PHASE,
  TRAINING_SCRATCH,
  TRAINING_SCRATCH_BYTES,
  TRAINING_SECOND_MOMENTS,
  TRAINING_SEED,
  TRAINING_SQUARES,
  TRAINING_STEP,
  TRAINING_TARGETS,
  TRAINING_THREADS,
  TRAINING_TIMESTEPS,
  TRAINING_TRANSPOSED,
  TRAINING_TRANSPOSITION_COUNT,
  TRAINING_TRANSPOSITIONS,
  TRAINING_UPDATED,
  TRAINING_WEIGHT_GRADIENT_COUNT,
  TRAINING_WEIGHT_GRADIENTS,
  TRAINING_WINDOW_WEIGHTS,
  TRAINING_WINDOWS,
} from "./layout.js";
import { type BatchPlacement, BLOCK_WINDOWS } from "./placement.js";
import type { ParameterArrays } from "./training-memory.js";

/** What is done with a batch: its loss alone, its gradients too, or also a step of Adam. */
export type Mode = "evaluate" | "gradients" | "train";

const MODES: Readonly<Record<Mode, number>> = {
  evaluate: MODE_EVALUATE,
  gradients: MODE_GRADIENTS,
  train: MODE_TRAIN,
};

export interface BatchSettings {
  readonly mode: Mode;
  /** Threads that work on the batch. */
  readonly threads: number;
  readonly windows: number;
  /** Whether the windows are their own targets. */
  readonly sameTargets: boolean;
  /** Whether the loss is of absolute residuals. */
  readonly absolute: boolean;
  readonly seed: number;
  readonly step: number;
  readonly arrays: ParameterArrays;
  /** Floats of each of the arrays. */
  readonly parameterCount: number;
}

/** The words of the record by their index. */
export function batchRecord(
  placement: BatchPlacement,
  network: Network,
  settings: BatchSettings,
): Readonly<Record<number, number>> {
  const { mode, threads, windows, arrays } = settings;
  const { group, groupWindows } = placement;
  // Only a whole batch ends in the last group; part of one is laid out as if its group were full.
  const last = mode === "evaluate" ? group : placement.lastGroup;
  return {
    [TRAINING_MODE]: MODES[mode],
    [TRAINING_THREADS]: threads,
    [TRAINING_NEXT_WINDOW]: 0,
    [TRAINING_NEXT_WEIGHT_GRADIENT]: 0,
    [TRAINING_NEXT_UPDATE]: 0,
    [TRAINING_NEXT_TRANSPOSITION]: 0,
    [TRAINING_TRANSPOSED]: 0,
    [TRAINING_FINISHED]: 0,
    [TRAINING_ARRIVED]: 0,
    [TRAINING_PHASE]: 0,
    [TRAINING_WINDOWS]: windows,
    [TRAINING_GROUP_WINDOWS]: groupWindows,
    [TRAINING_BLOCK_WINDOWS]: blockWindows(Math.min(windows, groupWindows), threads),
    [TRAINING_TIMESTEPS]: network.timesteps,
    [TRAINING_FEATURES]: network.features,
    [TRAINING_INPUT_WIDTH]: inputWidth(network),
    [TRAINING_INPUTS]: placement.inputs,
    [TRAINING_TARGETS]: settings.sameTargets ? placement.inputs : placement.targets,
    [TRAINING_WINDOW_WEIGHTS]: placement.windowWeights,
    [TRAINING_ABSOLUTE]: Number(settings.absolute),
    [TRAINING_SEED]: settings.seed,
    [TRAINING_STEP]: settings.step,
    [TRAINING_UPDATED]: 0,
    [TRAINING_OPERATIONS]: group.operations,
    [TRAINING_LAST_OPERATIONS]: last.operations,
    [TRAINING_OPERATION_COUNT]: group.operationCount,
    [TRAINING_WEIGHT_GRADIENTS]: group.weightGradients,
    [TRAINING_LAST_WEIGHT_GRADIENTS]: last.weightGradients,
    [TRAINING_WEIGHT_GRADIENT_COUNT]: group.weightGradientCount,
    [TRAINING_TRANSPOSITIONS]: group.transpositions,
    [TRAINING_TRANSPOSITION_COUNT]: group.transpositionCount,
    [TRAINING_SCRATCH]: placement.scratch,
    [TRAINING_SCRATCH_BYTES]: placement.scratchBytes,
    [TRAINING_LOSSES]: placement.losses,
    [TRAINING_SQUARES]: placement.squares,
    [TRAINING_PARAMETERS]: arrays.weights,
    [TRAINING_GRADIENTS]: arrays.gradients,
    [TRAINING_FIRST_MOMENTS]: arrays.firstMoments,
    [TRAINING_SECOND_MOMENTS]: arrays.secondMoments,
    [TRAINING_PARAMETER_COUNT]: settings.parameterCount,
  };
}

/** Windows of a block, so that threads have equally many blocks of at most BLOCK_WINDOWS; even, since kernels take two rows at a time. */
function blockWindows(windows: number, threads: number): number {
  const blocks = Math.ceil(windows / BLOCK_WINDOWS / threads) * threads;
  return Math.ceil(windows / blocks / 2) * 2;
}
