/**
 * The record of an operation: what plan.ts's operations are to the kernels. Both compilers read this file, TypeScript
 * and AssemblyScript: it holds untyped constants only.
 *
 * Inference and training place the same operations differently in memory, and fill in different words of the record
 * (plan.ts says why); words that neither the kind nor the placement uses are 0. All words are 32 bits wide.
 *
 * Tiles. A recurrent layer's gates stand in tiles of 16 columns: four gate vectors of four units each. Which gate
 * stands in which vector, gates.ts says: i, f, c, o for an LSTM; for a GRU z, r, and the input's and the state's part of
 * the candidate. Units are padded with zero weights to whole tiles.
 */

export const OP_WORDS = 48;

/** One of the numbers below: which code runs the operation. Code that meets another number ends in `unreachable`. */
export const OP_KIND = 0;
export const OP_LOAD = 0;
export const OP_LSTM = 1;
export const OP_DENSE = 2;
export const OP_REPEAT = 3;
export const OP_DROPOUT = 4;
export const OP_RESHAPE = 5;
export const OP_LOSS = 6;
export const OP_COPY = 7;
export const OP_GRU = 8;
/** The two inputs' sum, and (inference only) the first less the second. */
export const OP_ADD = 9;
export const OP_SUBTRACT = 10;
/** Inference only: each row of the input less its mean, divided by its spread; OP_KERNEL has the weights. */
export const OP_NORMALIZE = 11;

/** Timesteps the operation runs over. */
export const OP_STEPS = 1;
/** Activations by number; gates have the second one. */
export const OP_ACTIVATION = 2;
export const OP_RECURRENT_ACTIVATION = 3;
export const LINEAR = 0;
export const RELU = 1;
export const TANH = 2;
export const SIGMOID = 3;
export const HARD_SIGMOID = 4;
export const HARD_SIGMOID_KERAS3 = 5;
export const ELU = 6;

/**
 * The value that is read, and the value that is written. A value is VALUE_WORDS words: its place, its address or offset
 * from the place, bytes from row to row, bytes from step to step, steps, floats of a row, and (training) the address of
 * its gradient, 0 where nobody needs it.
 */
export const OP_INPUT = 4;
export const OP_OUTPUT = 12;
export const VALUE_WORDS = 8;
export const VALUE_PLACE = 0;
export const VALUE_DATA = 1;
export const VALUE_ROW = 2;
export const VALUE_STEP = 3;
export const VALUE_STEPS = 4;
export const VALUE_WIDTH = 5;
export const VALUE_GRADIENT = 6;

/** Places: which base address a value's offset counts from. */
export const PLACE_INPUT = 0;
/** The embedding, then the heads in their order. */
export const PLACE_OUTPUT = 1;
/** The worker's scratch. */
export const PLACE_SCRATCH = 100;
/** No base: the offset is an address of the whole memory. */
export const PLACE_MEMORY = 101;
/**
 * In place of the bytes from step to step: each step has the rows of the block one after the other, so that the distance
 * follows from their number.
 */
export const STEP_OF_BLOCK = -1;

/** Tiles of 16 columns of what a kernel gives (recurrent, tied dense) or reads (dense, in training). */
export const OP_TILES = 20;
/** Floats of a state of a recurrent layer. */
export const OP_UNITS = 21;
/** Addresses of the weights. Inference has a recurrent layer's kernels in one: [tile][inputs + padded units][16]. */
export const OP_KERNEL = 22;
export const OP_BIAS = 23;

/** The second value that a sum or difference reads. */
export const OP_SECOND_INPUT = 28;

/** Inference only, up to word 47. */
/** Floats read from each row at each step; 0 where a recurrent layer's input stands in OP_START already. */
export const OP_WIDTH_IN = 24;
/** Floats written to each row at each step. */
export const OP_WIDTH_OUT = 25;
/** Not 0: the output of a recurrent layer is its state after every step; 0: its last state alone. */
export const OP_SEQUENCES = 26;
/** A value that sums start from: the bias, or a recurrent layer's input times its kernel, [rows][tiles][16]. */
export const OP_START = 28;
/** Scratch: an LSTM's c, or a GRU's h of the step before, [rows][padded units]. */
export const OP_CELL = 36;
/** Scratch: two states that take turns as h where no sequence is kept; addresses within the scratch. */
export const OP_STATE_A = 37;
export const OP_STATE_B = 38;
/** Scratch: [rows][tiles][16], the gates' sums of one tile, or of the last rows. */
export const OP_SUMS = 39;
/**
 * Scratch: OP_CELL of the recurrent layer whose last state this one starts from, and h of all its steps or of its last
 * one, whose number the third word is. 0 where the layer starts from zeros.
 */
export const OP_FIRST_CELL = 40;
export const OP_FIRST_STATE = 41;
export const OP_FIRST_STATE_STEP = 42;

/** Training only, from word 24 on. */
/** Not 0: the input's gradient is added to what another operation has put there; 0: it is written over that. */
export const OP_ACCUMULATE = 24;
/** Bytes from tile to tile of the kernel; the recurrent kernel, [tile][unit][16], and its bytes from tile to tile. */
export const OP_KERNEL_TILE = 25;
export const OP_RECURRENT_KERNEL = 26;
export const OP_RECURRENT_TILE = 27;
/** Addresses of transposed copies of the kernels, for wide vectors; 0 for a dense layer that is too small to gain by one. */
export const OP_TRANSPOSED_KERNEL = 28;
export const OP_TRANSPOSED_RECURRENT = 29;
/** Dense: the kernel is another layer's, used transposed. */
export const OP_TIED = 30;
/** Recurrent: the input is one row, the same at every timestep. */
export const OP_REPEATED = 31;
/** Recurrent: [tile][step][window][16]: gates as activated, then in their place the gradients before activation. */
export const OP_GATES = 32;
export const OP_GATES_TILE = 33;
export const OP_GATES_STEP = 34;
/** Recurrent: h, and an LSTM's c, [steps, windows, units]; a GRU has its h for both. */
export const OP_STATES = 35;
export const OP_CELLS = 36;
export const OP_STATE_ROW = 37;
export const OP_STATE_STEP = 38;
/** Sum: OP_ACCUMULATE, of the second input. */
export const OP_ACCUMULATE_SECOND = 36;
/** Recurrent: [windows, units], what one timestep's gradient hands to the timestep before besides the gates' part. */
export const OP_CARRIED = 39;
/** Recurrent, input repeated: [tile][window][16], input times kernel, then the gates' gradients summed over time. */
export const OP_PROJECTED = 40;
export const OP_PROJECTED_TILE = 41;
/** Address of four words: all ones where one of the last four units is real, 0 where it is padding. */
export const OP_LAST_UNITS = 42;
/** Dropout: the share that is dropped, in units of 2^-32, and the layer's number. */
export const OP_DROPPED = 43;
export const OP_LAYER = 44;
/** Loss: the first row of the window that the head answers for, and whether it gives the last row first. */
export const OP_FIRST_ROW = 45;
export const OP_REVERSED = 46;
/** GRU: the second row of the bias, that of the recurrent kernel. */
export const OP_RECURRENT_BIAS = 47;

/** A plan for inference: word 0 is the number of operations; from word 4 on there are OP_WORDS words each. */
export const PLAN_HEADER_WORDS = 4;
/** The start of a worker's scratch in inference, which kernels use and no value does. */
export const SCRATCH_KERNEL_BYTES = 256;
