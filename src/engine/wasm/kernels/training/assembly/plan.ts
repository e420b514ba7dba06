/**
 * What a step reads from memory: written by ../plan.ts, whose lists of fields stand in the same order. Every field is
 * 32 bits wide, but for the float64 ones at the head of Job.
 *
 * All values are time-major: row = timestep * windows + window, for the windows of one group. Rows are padded to an odd number of 64-byte lines, so
 * that neighbours fall on different sets of the cache; the padding is zero and stays zero.
 */

/** The output of a layer, for every window of a group: [steps, windows, width]. */
@unmanaged
export class Value {
  steps: i32;
  width: i32;
  rowBytes: usize;
  stepBytes: usize;
  data: usize;
  /** 0: no one asks for it. */
  gradient: usize;
}

export const LOAD: i32 = 0;
export const LSTM: i32 = 1;
export const DENSE: i32 = 2;
export const REPEAT: i32 = 3;
export const DROPOUT: i32 = 4;
export const RESHAPE: i32 = 5;
export const LOSS: i32 = 6;

/** A layer, the way in (LOAD) or a head's loss. Fields that its kind has no use for are 0. */
@unmanaged
export class Operation {
  kind: i32;
  input: Value;
  output: Value;
  /** Whether the gradient of the input is added to what another operation has put there. */
  accumulate: i32;
  activation: i32;
  recurrentActivation: i32;
  /** LSTM: [tile][input][16], a tile holds i, f, c and o of four units. Dense: [tile][unit][16], a tile holds 16 inputs. */
  kernel: usize;
  kernelTile: usize;
  /** LSTM: [tile][unit][16]. */
  recurrentKernel: usize;
  recurrentTile: usize;
  /** The kernels turned (turned-kernels.ts), where vectors are joined; 0 for a dense layer's that is too small for it. */
  turnedKernel: usize;
  turnedRecurrent: usize;
  bias: usize;
  /** Tiles of 16 columns of what the kernel gives (LSTM, tied dense) or reads (dense). */
  tiles: i32;
  /** Dense: the kernel is another layer's, used transposed. */
  tied: i32;
  /** LSTM: the input is one row, the same at every timestep. */
  repeated: i32;
  steps: i32;
  units: i32;
  /** LSTM: [tile][step][window][16]: the gates as activated, then in their place the gradients before activation. */
  gates: usize;
  gatesTile: usize;
  gatesStep: usize;
  /** LSTM: h and c, [steps, windows, units]. */
  states: usize;
  cells: usize;
  stateRow: usize;
  stateStep: usize;
  /** LSTM: the gradient of c, [windows, units]. */
  cellGradient: usize;
  /** LSTM with a repeated input: [tile][window][16], its projection, then the sum of the gates' gradients over time. */
  projected: usize;
  projectedTile: usize;
  /** Four words, ones where the last four units are real. */
  lastUnits: usize;
  /** Dropout: the share that is dropped, in 2^-32, and the layer's number. */
  dropped: u32;
  layer: i32;
  /** Loss: the first row of the window that the head answers for, and whether it gives the last first. */
  start: i32;
  reversed: i32;
}

/** A product that gives the gradient of a kernel, or part of it, and with `bias` that of its bias. */
@unmanaged
export class WeightGradient {
  rows: i32;
  depth: i32;
  tiles: i32;
  a: usize;
  aRow: usize;
  b: usize;
  bTile: usize;
  bRow: usize;
  c: usize;
  cTile: usize;
  /** Whether the next one has to follow on the same thread. */
  chained: i32;
  /** Tiles of `summed` whose rows are added up into `bias`. */
  biasTiles: i32;
  summedRows: i32;
  summed: usize;
  summedTile: usize;
  summedRow: usize;
  bias: usize;
}

/** At most 16 rows of a kernel, to be turned. */
@unmanaged
export class Turn {
  rows: i32;
  tiles: i32;
  from: usize;
  fromTile: usize;
  to: usize;
}

export const EVALUATE: i32 = 0;
export const GRADIENTS: i32 = 1;
export const TRAIN: i32 = 2;

/** One batch to be worked on by all threads together. */
@unmanaged
export class Job {
  loss: f64;
  /** The learning rate with Adam's correction for its moments' start at 0. */
  correctedRate: f64;
  /** Largest norm of all gradients together; infinity clips nothing. */
  clipNorm: f64;
  mode: i32;
  threads: i32;
  /** Counters of the threads; the last two are the barrier's. */
  nextWindow: i32;
  nextWeightGradient: i32;
  nextUpdate: i32;
  nextTurn: i32;
  turned: i32;
  finished: i32;
  arrived: i32;
  phase: i32;
  /** Of this batch. */
  windows: i32;
  /** Of a group: they go through the network and back, and their gradients are added up, before the next group. */
  groupWindows: i32;
  /** Of a block, which one thread takes. */
  blockWindows: i32;
  timesteps: i32;
  features: i32;
  inputs: usize;
  targets: usize;
  /** What each window's loss counts, float32. */
  windowWeights: usize;
  /** Whether the loss is of absolute residuals. */
  absolute: i32;
  /** For dropout. */
  seed: i32;
  step: i32;
  /** Whether the weights were changed. */
  updated: i32;
  /** Operation[] in order of the forward pass: of the last group, which may be smaller, and of those before. */
  operations: usize;
  lastOperations: usize;
  operationCount: i32;
  /** WeightGradient[], likewise. */
  weightGradients: usize;
  lastWeightGradients: usize;
  weightGradientCount: i32;
  /** Turn[] */
  turns: usize;
  turnCount: i32;
  /** Of each thread, for what it needs for a moment. */
  scratch: usize;
  scratchBytes: usize;
  /** float64 by window. */
  losses: usize;
  /** float64 by WeightGradient: the sum of squares of what it and those chained to it gave. */
  squares: usize;
  /** Four arrays of `parameterCount` floats: weights, gradients, Adam's first and second moments. */
  parameters: usize;
  gradients: usize;
  firstMoments: usize;
  secondMoments: usize;
  parameterCount: i32;
}
