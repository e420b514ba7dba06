/** A recurrent layer placed for training (placement.ts). */
import { GATES, TILE_WIDTH, tilesOf, unusedVector } from "../plan/gates.js";
import {
  OP_ACTIVATION,
  OP_BIAS,
  OP_CARRIED,
  OP_CELLS,
  OP_GATES,
  OP_GATES_STEP,
  OP_GATES_TILE,
  OP_KERNEL,
  OP_KERNEL_TILE,
  OP_LAST_UNITS,
  OP_PROJECTED,
  OP_PROJECTED_TILE,
  OP_RECURRENT_ACTIVATION,
  OP_RECURRENT_BIAS,
  OP_RECURRENT_KERNEL,
  OP_RECURRENT_TILE,
  OP_REPEATED,
  OP_STATE_ROW,
  OP_STATE_STEP,
  OP_STATES,
  OP_STEPS,
  OP_TILES,
  OP_TRANSPOSED_KERNEL,
  OP_TRANSPOSED_RECURRENT,
  OP_UNITS,
  PLACE_MEMORY,
} from "../plan/layout.js";
import type { RecurrentOperation } from "../plan/plan.js";
import { ACTIVATION_NUMBERS, RECURRENT_NUMBERS, type ValueRecord, type Words } from "../plan/records.js";
import { type BatchSpace, LINE_BYTES } from "./batch-space.js";
import { LANE_MASKS } from "./layout.js";
import { type ParameterLayout, paddedRow } from "./parameters.js";
import type { Transpositions } from "./transpositions.js";
import type { WeightGradients } from "./weight-gradients.js";

/** Addresses of the arrays of weights, of their gradients and of transposed kernels. */
export interface ParameterAddresses {
  readonly weights: number;
  readonly gradients: number;
  readonly transposedKernels: number;
}

export interface PlacedOperation {
  readonly kind: number;
  readonly input: ValueRecord;
  readonly output: ValueRecord;
  /** What a sum adds to the input. */
  readonly second?: ValueRecord;
  readonly words: Words;
}

/** The memory and records that operations are placed in. */
export interface PlacingContext {
  readonly layout: ParameterLayout;
  readonly addresses: ParameterAddresses;
  readonly space: BatchSpace;
  readonly weightGradients: WeightGradients;
  readonly transpositions: Transpositions;
}

/**
 * Places a recurrent operation: its states, gates and their gradients in the memory of a batch, its kernels in that of the
 * parameters.
 * @param input the sequence it reads; for a repeated vector (`operation.times`) that vector.
 */
export function placeRecurrent(
  context: PlacingContext,
  operation: RecurrentOperation,
  input: ValueRecord,
): PlacedOperation {
  const { layout, addresses, space, weightGradients, transpositions } = context;
  const { kind, layer, times } = operation;
  const parameters = layout.recurrent.get(layer.name)!;
  const { units } = layer;
  const windows = space.windows;
  const steps = times ?? input.steps;
  const tiles = tilesOf(units);
  const gatesOf = GATES[kind];
  // Of a bias with two rows the second.
  const recurrentBias = (parameters.bias + tiles * TILE_WIDTH) * 4;
  const stateRow = paddedRow(units) * 4;
  const stateStep = windows * stateRow;
  const states = space.takeRows(steps, stateRow);
  const gatesStep = windows * LINE_BYTES;
  const gatesTile = space.tileBytes(steps);
  const gates = space.take(tiles * gatesTile);
  const projectedTile = times === undefined ? 0 : space.tileBytes(1);
  const projected = times === undefined ? 0 : space.take(tiles * projectedTile);
  const outputSteps = layer.returnSequences ? steps : 1;
  const output: ValueRecord = {
    place: PLACE_MEMORY,
    steps: outputSteps,
    width: units,
    rowBytes: stateRow,
    stepBytes: stateStep,
    data: layer.returnSequences ? states : states + (steps - 1) * stateStep,
    gradient: space.takeRows(outputSteps, stateRow),
  };
  const { weights, gradients, transposedKernels } = addresses;
  const kernel = { at: weights + parameters.kernel * 4, tileBytes: parameters.kernelTile * 4, tiles };
  const recurrent = {
    at: weights + parameters.recurrentKernel * 4,
    tileBytes: parameters.recurrentTile * 4,
    tiles,
  };
  const transposedKernel = transposedKernels + parameters.transposedKernel * 4;
  const transposedRecurrent = transposedKernels + parameters.transposedRecurrent * 4;
  if (input.gradient !== 0) transpositions.add(kernel, input.width, transposedKernel);
  transpositions.add(recurrent, units, transposedRecurrent);
  const placed = {
    kind: RECURRENT_NUMBERS[kind],
    input,
    output,
    words: {
      [OP_ACTIVATION]: ACTIVATION_NUMBERS[layer.activation],
      [OP_RECURRENT_ACTIVATION]: ACTIVATION_NUMBERS[layer.recurrentActivation],
      [OP_KERNEL]: kernel.at,
      [OP_KERNEL_TILE]: kernel.tileBytes,
      [OP_RECURRENT_KERNEL]: recurrent.at,
      [OP_RECURRENT_TILE]: recurrent.tileBytes,
      [OP_TRANSPOSED_KERNEL]: transposedKernel,
      [OP_TRANSPOSED_RECURRENT]: transposedRecurrent,
      [OP_BIAS]: weights + parameters.bias * 4,
      [OP_RECURRENT_BIAS]: kind === "gru" ? weights + recurrentBias : 0,
      [OP_TILES]: tiles,
      [OP_REPEATED]: Number(times !== undefined),
      [OP_STEPS]: steps,
      [OP_UNITS]: units,
      [OP_GATES]: gates,
      [OP_GATES_TILE]: gatesTile,
      [OP_GATES_STEP]: gatesStep,
      [OP_STATES]: states,
      [OP_CELLS]: kind === "gru" ? states : space.takeRows(steps, stateRow),
      [OP_STATE_ROW]: stateRow,
      [OP_STATE_STEP]: stateStep,
      [OP_CARRIED]: space.takeRows(1, stateRow),
      [OP_PROJECTED]: projected,
      [OP_PROJECTED_TILE]: projectedTile,
      [OP_LAST_UNITS]: laneMask(units),
    },
  };
  // A repeated input is multiplied by its gates' gradients summed over time; before the first step there is no state.
  const gatesOfInput =
    times === undefined
      ? { at: gates, tiles, tileBytes: gatesTile, rows: steps * windows }
      : { at: projected, tiles, tileBytes: projectedTile, rows: windows };
  weightGradients.addRecurrent(
    { at: input.data, rowBytes: input.rowBytes, width: input.width },
    gatesOfInput,
    {
      at: gradients + parameters.kernel * 4,
      tileBytes: parameters.kernelTile * 4,
      unused: unusedVector(gatesOf.kernel),
    },
    gradients + parameters.bias * 4,
  );
  weightGradients.addRecurrent(
    { at: states, rowBytes: stateRow, width: units },
    { at: gates + gatesStep, tiles, tileBytes: gatesTile, rows: (steps - 1) * windows },
    {
      at: gradients + parameters.recurrentKernel * 4,
      tileBytes: parameters.recurrentTile * 4,
      unused: unusedVector(gatesOf.recurrentKernel),
    },
    undefined,
  );
  if (kind === "gru") {
    // It is added at the first step too, which the product above leaves out.
    weightGradients.addBias(
      { at: gates, tiles, tileBytes: gatesTile, rows: steps * windows },
      gradients + recurrentBias,
      unusedVector(gatesOf.recurrentKernel),
    );
  }
  return placed;
}

/** The address of the mask of the last four of `units`. */
export function laneMask(units: number): number {
  return LANE_MASKS + ((units - 1) % 4) * 16;
}
