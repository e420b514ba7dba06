/**
 * The records of training by the names of their fields (../../../plan/layout.ts and ../../../training/layout.ts say
 * what each is).
 *
 * All values are time-major: row = timestep * windows + window, for the windows of one group. Rows are padded to an odd
 * number of 64-byte lines, so that neighbours fall on different sets of the cache; the padding is zero and stays zero.
 */
import { pointer, word, wordAddress } from "../../inference/assembly/words";
import {
  OP_ACCUMULATE,
  OP_ACCUMULATE_SECOND,
  OP_ACTIVATION,
  OP_BIAS,
  OP_CARRIED,
  OP_CELLS,
  OP_DROPPED,
  OP_FIRST_ROW,
  OP_GATES,
  OP_GATES_STEP,
  OP_GATES_TILE,
  OP_INPUT,
  OP_KERNEL,
  OP_KERNEL_TILE,
  OP_KIND,
  OP_LAST_UNITS,
  OP_LAYER,
  OP_OUTPUT,
  OP_PROJECTED,
  OP_PROJECTED_TILE,
  OP_RECURRENT_ACTIVATION,
  OP_RECURRENT_BIAS,
  OP_RECURRENT_KERNEL,
  OP_RECURRENT_TILE,
  OP_REPEATED,
  OP_REVERSED,
  OP_SECOND_INPUT,
  OP_STATES,
  OP_STATE_ROW,
  OP_STATE_STEP,
  OP_STEPS,
  OP_TIED,
  OP_TILES,
  OP_TRANSPOSED_KERNEL,
  OP_TRANSPOSED_RECURRENT,
  OP_UNITS,
  VALUE_DATA,
  VALUE_GRADIENT,
  VALUE_ROW,
  VALUE_STEP,
  VALUE_STEPS,
  VALUE_WIDTH,
} from "../../../plan/layout";
import {
  GRADIENT_A,
  GRADIENT_A_ROW,
  GRADIENT_B,
  GRADIENT_BIAS,
  GRADIENT_BIAS_TILES,
  GRADIENT_B_ROW,
  GRADIENT_B_TILE,
  GRADIENT_C,
  GRADIENT_CHAINED,
  GRADIENT_C_TILE,
  GRADIENT_DEPTH,
  GRADIENT_ROWS,
  GRADIENT_SUMMED,
  GRADIENT_SUMMED_ROW,
  GRADIENT_SUMMED_ROWS,
  GRADIENT_SUMMED_TILE,
  GRADIENT_TILES,
  GRADIENT_UNUSED,
  TRAINING_ABSOLUTE,
  TRAINING_BLOCK_WINDOWS,
  TRAINING_CLIP_NORM,
  TRAINING_CORRECTED_RATE,
  TRAINING_FEATURES,
  TRAINING_FIRST_MOMENTS,
  TRAINING_GRADIENTS,
  TRAINING_GROUP_WINDOWS,
  TRAINING_INPUTS,
  TRAINING_INPUT_WIDTH,
  TRAINING_LAST_OPERATIONS,
  TRAINING_LAST_WEIGHT_GRADIENTS,
  TRAINING_LOSSES,
  TRAINING_MODE,
  TRAINING_OPERATIONS,
  TRAINING_OPERATION_COUNT,
  TRAINING_PARAMETERS,
  TRAINING_PARAMETER_COUNT,
  TRAINING_SCRATCH,
  TRAINING_SCRATCH_BYTES,
  TRAINING_SECOND_MOMENTS,
  TRAINING_SEED,
  TRAINING_SQUARES,
  TRAINING_STEP,
  TRAINING_TARGETS,
  TRAINING_THREADS,
  TRAINING_TIMESTEPS,
  TRAINING_TRANSPOSITIONS,
  TRAINING_TRANSPOSITION_COUNT,
  TRAINING_WEIGHT_GRADIENTS,
  TRAINING_WEIGHT_GRADIENT_COUNT,
  TRAINING_WINDOWS,
  TRAINING_WINDOW_WEIGHTS,
  TRANSPOSITION_FROM,
  TRANSPOSITION_FROM_TILE,
  TRANSPOSITION_ROWS,
  TRANSPOSITION_TILES,
  TRANSPOSITION_TO,
} from "../../../training/layout";

/** The output of a layer, for every window of a group: [steps, windows, width]. */
@unmanaged
export class Value {
  @inline get steps(): i32 { return word(changetype<usize>(this), VALUE_STEPS); }
  @inline get width(): i32 { return word(changetype<usize>(this), VALUE_WIDTH); }
  @inline get rowBytes(): usize { return pointer(changetype<usize>(this), VALUE_ROW); }
  @inline get stepBytes(): usize { return pointer(changetype<usize>(this), VALUE_STEP); }
  @inline get data(): usize { return pointer(changetype<usize>(this), VALUE_DATA); }
  @inline get gradient(): usize { return pointer(changetype<usize>(this), VALUE_GRADIENT); }
}

/** A layer, the way in (OP_LOAD) or a head's loss. */
@unmanaged
export class Operation {
  @inline get kind(): i32 { return word(changetype<usize>(this), OP_KIND); }
  @inline get input(): Value { return changetype<Value>(wordAddress(changetype<usize>(this), OP_INPUT)); }
  @inline get output(): Value { return changetype<Value>(wordAddress(changetype<usize>(this), OP_OUTPUT)); }
  @inline get accumulate(): i32 { return word(changetype<usize>(this), OP_ACCUMULATE); }
  @inline get second(): Value { return changetype<Value>(wordAddress(changetype<usize>(this), OP_SECOND_INPUT)); }
  @inline get accumulateSecond(): i32 { return word(changetype<usize>(this), OP_ACCUMULATE_SECOND); }
  @inline get activation(): i32 { return word(changetype<usize>(this), OP_ACTIVATION); }
  @inline get recurrentActivation(): i32 { return word(changetype<usize>(this), OP_RECURRENT_ACTIVATION); }
  @inline get kernel(): usize { return pointer(changetype<usize>(this), OP_KERNEL); }
  @inline get kernelTile(): usize { return pointer(changetype<usize>(this), OP_KERNEL_TILE); }
  @inline get recurrentKernel(): usize { return pointer(changetype<usize>(this), OP_RECURRENT_KERNEL); }
  @inline get recurrentTile(): usize { return pointer(changetype<usize>(this), OP_RECURRENT_TILE); }
  @inline get transposedKernel(): usize { return pointer(changetype<usize>(this), OP_TRANSPOSED_KERNEL); }
  @inline get recurrentBias(): usize { return pointer(changetype<usize>(this), OP_RECURRENT_BIAS); }
  @inline get transposedRecurrent(): usize { return pointer(changetype<usize>(this), OP_TRANSPOSED_RECURRENT); }
  @inline get bias(): usize { return pointer(changetype<usize>(this), OP_BIAS); }
  @inline get tiles(): i32 { return word(changetype<usize>(this), OP_TILES); }
  @inline get tied(): i32 { return word(changetype<usize>(this), OP_TIED); }
  @inline get repeated(): i32 { return word(changetype<usize>(this), OP_REPEATED); }
  @inline get steps(): i32 { return word(changetype<usize>(this), OP_STEPS); }
  @inline get units(): i32 { return word(changetype<usize>(this), OP_UNITS); }
  @inline get gates(): usize { return pointer(changetype<usize>(this), OP_GATES); }
  @inline get gatesTile(): usize { return pointer(changetype<usize>(this), OP_GATES_TILE); }
  @inline get gatesStep(): usize { return pointer(changetype<usize>(this), OP_GATES_STEP); }
  @inline get states(): usize { return pointer(changetype<usize>(this), OP_STATES); }
  @inline get cells(): usize { return pointer(changetype<usize>(this), OP_CELLS); }
  @inline get stateRow(): usize { return pointer(changetype<usize>(this), OP_STATE_ROW); }
  @inline get stateStep(): usize { return pointer(changetype<usize>(this), OP_STATE_STEP); }
  @inline get carried(): usize { return pointer(changetype<usize>(this), OP_CARRIED); }
  @inline get projected(): usize { return pointer(changetype<usize>(this), OP_PROJECTED); }
  @inline get projectedTile(): usize { return pointer(changetype<usize>(this), OP_PROJECTED_TILE); }
  @inline get lastUnits(): usize { return pointer(changetype<usize>(this), OP_LAST_UNITS); }
  @inline get dropped(): u32 { return <u32>word(changetype<usize>(this), OP_DROPPED); }
  @inline get layer(): i32 { return word(changetype<usize>(this), OP_LAYER); }
  @inline get firstRow(): i32 { return word(changetype<usize>(this), OP_FIRST_ROW); }
  @inline get reversed(): i32 { return word(changetype<usize>(this), OP_REVERSED); }
}

/** A product that gives the gradient of a kernel, or part of it, and that of a bias. */
@unmanaged
export class WeightGradient {
  @inline get rows(): i32 { return word(changetype<usize>(this), GRADIENT_ROWS); }
  @inline get depth(): i32 { return word(changetype<usize>(this), GRADIENT_DEPTH); }
  @inline get tiles(): i32 { return word(changetype<usize>(this), GRADIENT_TILES); }
  @inline get a(): usize { return pointer(changetype<usize>(this), GRADIENT_A); }
  @inline get aRow(): usize { return pointer(changetype<usize>(this), GRADIENT_A_ROW); }
  @inline get b(): usize { return pointer(changetype<usize>(this), GRADIENT_B); }
  @inline get bTile(): usize { return pointer(changetype<usize>(this), GRADIENT_B_TILE); }
  @inline get bRow(): usize { return pointer(changetype<usize>(this), GRADIENT_B_ROW); }
  @inline get c(): usize { return pointer(changetype<usize>(this), GRADIENT_C); }
  @inline get cTile(): usize { return pointer(changetype<usize>(this), GRADIENT_C_TILE); }
  @inline get chained(): i32 { return word(changetype<usize>(this), GRADIENT_CHAINED); }
  @inline get biasTiles(): i32 { return word(changetype<usize>(this), GRADIENT_BIAS_TILES); }
  @inline get summedRows(): i32 { return word(changetype<usize>(this), GRADIENT_SUMMED_ROWS); }
  @inline get summed(): usize { return pointer(changetype<usize>(this), GRADIENT_SUMMED); }
  @inline get summedTile(): usize { return pointer(changetype<usize>(this), GRADIENT_SUMMED_TILE); }
  @inline get summedRow(): usize { return pointer(changetype<usize>(this), GRADIENT_SUMMED_ROW); }
  @inline get bias(): usize { return pointer(changetype<usize>(this), GRADIENT_BIAS); }
  @inline get unused(): i32 { return word(changetype<usize>(this), GRADIENT_UNUSED); }
}

/** At most 16 rows of a kernel, to be transposed. */
@unmanaged
export class Transposition {
  @inline get rows(): i32 { return word(changetype<usize>(this), TRANSPOSITION_ROWS); }
  @inline get tiles(): i32 { return word(changetype<usize>(this), TRANSPOSITION_TILES); }
  @inline get from(): usize { return pointer(changetype<usize>(this), TRANSPOSITION_FROM); }
  @inline get fromTile(): usize { return pointer(changetype<usize>(this), TRANSPOSITION_FROM_TILE); }
  @inline get to(): usize { return pointer(changetype<usize>(this), TRANSPOSITION_TO); }
}

/** One batch, which all threads work on together. */
@unmanaged
export class Job {
  @inline get clipNorm(): f64 { return load<f64>(changetype<usize>(this) + (TRAINING_CLIP_NORM << 3)); }
  @inline get correctedRate(): f64 { return load<f64>(changetype<usize>(this) + (TRAINING_CORRECTED_RATE << 3)); }
  @inline get mode(): i32 { return word(changetype<usize>(this), TRAINING_MODE); }
  @inline get threads(): i32 { return word(changetype<usize>(this), TRAINING_THREADS); }
  @inline get windows(): i32 { return word(changetype<usize>(this), TRAINING_WINDOWS); }
  @inline get groupWindows(): i32 { return word(changetype<usize>(this), TRAINING_GROUP_WINDOWS); }
  @inline get blockWindows(): i32 { return word(changetype<usize>(this), TRAINING_BLOCK_WINDOWS); }
  @inline get timesteps(): i32 { return word(changetype<usize>(this), TRAINING_TIMESTEPS); }
  @inline get features(): i32 { return word(changetype<usize>(this), TRAINING_FEATURES); }
  @inline get inputWidth(): i32 { return word(changetype<usize>(this), TRAINING_INPUT_WIDTH); }
  @inline get inputs(): usize { return pointer(changetype<usize>(this), TRAINING_INPUTS); }
  @inline get targets(): usize { return pointer(changetype<usize>(this), TRAINING_TARGETS); }
  @inline get windowWeights(): usize { return pointer(changetype<usize>(this), TRAINING_WINDOW_WEIGHTS); }
  @inline get absolute(): i32 { return word(changetype<usize>(this), TRAINING_ABSOLUTE); }
  @inline get seed(): i32 { return word(changetype<usize>(this), TRAINING_SEED); }
  @inline get step(): i32 { return word(changetype<usize>(this), TRAINING_STEP); }
  @inline get operations(): usize { return pointer(changetype<usize>(this), TRAINING_OPERATIONS); }
  @inline get lastOperations(): usize { return pointer(changetype<usize>(this), TRAINING_LAST_OPERATIONS); }
  @inline get operationCount(): i32 { return word(changetype<usize>(this), TRAINING_OPERATION_COUNT); }
  @inline get weightGradients(): usize { return pointer(changetype<usize>(this), TRAINING_WEIGHT_GRADIENTS); }
  @inline get lastWeightGradients(): usize { return pointer(changetype<usize>(this), TRAINING_LAST_WEIGHT_GRADIENTS); }
  @inline get weightGradientCount(): i32 { return word(changetype<usize>(this), TRAINING_WEIGHT_GRADIENT_COUNT); }
  @inline get transpositions(): usize { return pointer(changetype<usize>(this), TRAINING_TRANSPOSITIONS); }
  @inline get transpositionCount(): i32 { return word(changetype<usize>(this), TRAINING_TRANSPOSITION_COUNT); }
  @inline get scratch(): usize { return pointer(changetype<usize>(this), TRAINING_SCRATCH); }
  @inline get scratchBytes(): usize { return pointer(changetype<usize>(this), TRAINING_SCRATCH_BYTES); }
  @inline get losses(): usize { return pointer(changetype<usize>(this), TRAINING_LOSSES); }
  @inline get squares(): usize { return pointer(changetype<usize>(this), TRAINING_SQUARES); }
  @inline get parameters(): usize { return pointer(changetype<usize>(this), TRAINING_PARAMETERS); }
  @inline get gradients(): usize { return pointer(changetype<usize>(this), TRAINING_GRADIENTS); }
  @inline get firstMoments(): usize { return pointer(changetype<usize>(this), TRAINING_FIRST_MOMENTS); }
  @inline get secondMoments(): usize { return pointer(changetype<usize>(this), TRAINING_SECOND_MOMENTS); }
  @inline get parameterCount(): i32 { return word(changetype<usize>(this), TRAINING_PARAMETER_COUNT); }

  /** The address of one of the record's words, for atomics and stores. */
  @inline at(index: i32): usize { return wordAddress(changetype<usize>(this), index); }
}
