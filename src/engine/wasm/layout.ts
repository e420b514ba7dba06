/**
 * The numbers that TypeScript and the kernels agree on. Read by both compilers: untyped constants alone.
 *
 * Shared memory, from address 0:
 *
 *   [0, CONTROL)              the kernels' constants, put there by their compiler from 1024 on
 *   [CONTROL, HEAP)           the control words, then RING_SLOTS job slots
 *   [HEAP, end)               the heap: weights, plans, and the buffers of runs (memory.ts)
 *
 * All words are 32 bits wide; "word n of" means 4n bytes further on.
 *
 * Packed LSTM weights (packing.ts). Units are padded to Up = 4 * tiles with zero weights; tile p holds the units
 * 4p .. 4p+3. One tile is [k][16]: for each k, four gates (i, f, c, o) of four units. k runs over the layer's
 * inputs first (rows of the kernel) and then over the Up units of the state (rows of the recurrent kernel).
 * Tiles follow one another. The bias is [tiles][16], the same order. Where gates are sigmoids, everything of i, f and
 * o is multiplied by -1 / ln 2, so that their sums are powers of 2.
 *
 * Packed dense weights: columns padded to Np = 8 * panels; one panel is [k][8]. The bias is [Np].
 *
 * Sequences between layers stand time first, [timesteps][rows][Up]; windows come in, and heads go out, row first.
 */

/** Where the control words begin: word 0 counts the jobs ever submitted, word 1 those ever finished. */
export const CONTROL = 4096;
export const CONTROL_SUBMITTED = 0;
export const CONTROL_FINISHED = 1;
/** How many times an idle worker looks for work before it sleeps. */
export const CONTROL_SPINS = 2;
/** Not 0: workers leave their loop. */
export const CONTROL_STOP = 3;
/** How many workers are not asleep. One counts itself out before it looks for the last time. */
export const CONTROL_AWAKE = 4;

/** Job n stands in slot n % RING_SLOTS. */
export const RING = 4352;
export const RING_SLOTS = 64;
export const JOB_WORDS = 32;

/** Blocks nobody has claimed yet; a claim is an atomic decrement that was above 0, and b - 1 is the block. */
export const JOB_UNCLAIMED = 0;
/** Blocks not yet done; who takes it to 0 reports the job. */
export const JOB_PENDING = 1;
export const JOB_BLOCKS = 2;
/** One of the JOB_KIND numbers: which code runs a block. */
export const JOB_KIND = 3;
/** Rows (windows) of the whole job, split over the blocks as evenly as can be, longer blocks first. */
export const JOB_ROWS = 4;
/** Address of the plan. */
export const JOB_PLAN = 5;
/** Worker w may write to [scratch + w * stride, + stride). */
export const JOB_SCRATCH = 6;
export const JOB_SCRATCH_STRIDE = 7;
/** Addresses by place: see the PLACE numbers. */
export const JOB_PLACES = 8;

export const JOB_KIND_FORWARD = 0;

/** The start of a worker's scratch, where no value is. */
export const SCRATCH_KERNEL_BYTES = 256;

export const HEAP = 12544;

/** A value's place: which base address its offset counts from. */
export const PLACE_INPUT = 0;
/** The embedding, then the heads in their order. */
export const PLACE_OUTPUT = 1;
export const MAX_PLACES = 16;
/** The worker's scratch. */
export const PLACE_SCRATCH = 100;
/** Shared and constant: the offset is an address. */
export const PLACE_MEMORY = 101;

/** A plan: word 0 the number of operations, then from word 4 on OP_WORDS words each. */
export const PLAN_HEADER_WORDS = 4;
export const OP_WORDS = 48;

export const OP_LSTM = 0;
export const OP_DENSE = 1;
export const OP_COPY = 2;

/** A value in an operation: place, offset, bytes from row to row, bytes from step to step. */
export const VALUE_WORDS = 4;
/** A step stride that says: the rows of the block, one after the other. */
export const STEP_OF_BLOCK = -1;

/** Words of an operation: its kind, the steps it runs over, and then by kind. */
export const OP_KIND = 0;
export const OP_STEPS = 1;
export const OP_ACTIVATION = 2;
/** The value read, and the value written. */
export const OP_FROM = 4;
export const OP_TO = 8;
/** Floats read from each row at each step. */
export const OP_WIDTH_IN = 12;
/** Floats written to each row at each step. */
export const OP_WIDTH_OUT = 13;
export const OP_WEIGHTS = 14;
/** What accumulators start from, a value: the bias, or for an LSTM also its projected input, [rows][tiles][16]. */
export const OP_START = 16;
export const LSTM_RECURRENT_ACTIVATION = 3;
export const LSTM_TILES = 20;
/** Not 0: OP_TO takes the state after every step; else the last one alone. */
export const LSTM_SEQUENCES = 21;
/** Scratch values, [rows][Up]: the cell state, and two more that take turns as h where no sequence is kept. */
export const LSTM_CELL = 24;
export const LSTM_STATE_A = 28;
export const LSTM_STATE_B = 32;
/** Scratch value, [rows][tiles][16]: of it, the gates' sums of one tile, or of the last rows. */
export const LSTM_SUMS = 36;

/** Activations by number. */
export const LINEAR = 0;
export const RELU = 1;
export const TANH = 2;
export const SIGMOID = 3;
export const HARD_SIGMOID = 4;
export const HARD_SIGMOID_KERAS3 = 5;
