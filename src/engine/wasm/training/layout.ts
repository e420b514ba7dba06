/**
 * The records of training other than operations (../plan/layout.ts). Both compilers read this file, TypeScript and
 * AssemblyScript: it holds untyped constants only. Numbers are words of 32 bits unless it says otherwise.
 */

/** The record of the one batch that all threads work on, with room before the heap for masks. */
export const TRAINING = 12672;
/** Masks of 1, 2, 3 and 4 of four lanes. */
export const LANE_MASKS = 13184;
/** Weights, gradients and moments, then the memory of a batch. */
export const TRAINING_HEAP = 13312;

/** Three float64: the batch's loss; the learning rate with Adam's correction for its moments' start at 0; largest norm
 * of all gradients together, infinite to clip nothing. */
export const TRAINING_LOSS = 0;
export const TRAINING_CORRECTED_RATE = 1;
export const TRAINING_CLIP_NORM = 2;

/** The words after them. */
export const TRAINING_MODE = 6;
export const MODE_EVALUATE = 0;
export const MODE_GRADIENTS = 1;
export const MODE_TRAIN = 2;
export const TRAINING_THREADS = 7;
/** Counters by which the threads share out the work; the last two are those of the barrier at which they meet. */
export const TRAINING_NEXT_WINDOW = 8;
export const TRAINING_NEXT_WEIGHT_GRADIENT = 9;
export const TRAINING_NEXT_UPDATE = 10;
export const TRAINING_NEXT_TRANSPOSITION = 11;
export const TRAINING_TRANSPOSED = 12;
export const TRAINING_FINISHED = 13;
export const TRAINING_ARRIVED = 14;
export const TRAINING_PHASE = 15;
/** Windows of this batch; of a group, which goes through the network and back, with its weights' gradients, before the
 * next group; of a block, which one thread takes. */
export const TRAINING_WINDOWS = 16;
export const TRAINING_GROUP_WINDOWS = 17;
export const TRAINING_BLOCK_WINDOWS = 18;
export const TRAINING_TIMESTEPS = 19;
export const TRAINING_FEATURES = 20;
export const TRAINING_INPUTS = 21;
export const TRAINING_TARGETS = 22;
/** [windows]: what each window's loss is multiplied by. */
export const TRAINING_WINDOW_WEIGHTS = 23;
/** Whether the loss is of absolute residuals. */
export const TRAINING_ABSOLUTE = 24;
/** For dropout: the trainer's seed, and the number of the step. */
export const TRAINING_SEED = 25;
export const TRAINING_STEP = 26;
/** Whether the weights were changed. */
export const TRAINING_UPDATED = 27;
/** Operation records in the order of the forward pass: of all groups but the last, of the last, which may be smaller,
 * and how many. */
export const TRAINING_OPERATIONS = 28;
export const TRAINING_LAST_OPERATIONS = 29;
export const TRAINING_OPERATION_COUNT = 30;
/** Weight gradient records, likewise. */
export const TRAINING_WEIGHT_GRADIENTS = 31;
export const TRAINING_LAST_WEIGHT_GRADIENTS = 32;
export const TRAINING_WEIGHT_GRADIENT_COUNT = 33;
export const TRAINING_TRANSPOSITIONS = 34;
export const TRAINING_TRANSPOSITION_COUNT = 35;
/** Each thread's own scratch. */
export const TRAINING_SCRATCH = 36;
export const TRAINING_SCRATCH_BYTES = 37;
/** float64 by window. */
export const TRAINING_LOSSES = 38;
/** float64 by weight gradient: the sum of squares of what it and those chained to it gave. */
export const TRAINING_SQUARES = 39;
/** Four arrays of as many floats: weights, gradients, Adam's first and second moments. */
export const TRAINING_PARAMETERS = 40;
export const TRAINING_GRADIENTS = 41;
export const TRAINING_FIRST_MOMENTS = 42;
export const TRAINING_SECOND_MOMENTS = 43;
export const TRAINING_PARAMETER_COUNT = 44;
/** Numbers of a row of the inputs and of the targets: the features, and behind them the covariates. */
export const TRAINING_INPUT_WIDTH = 45;
export const TRAINING_WORDS = 46;

/** A weight gradient: the sum over `rows` rows of the outer products of a's row and b's, written to c or added to it. */
export const GRADIENT_ROWS = 0;
/** Floats of a row of a, and tiles of 16 floats of a row of b. */
export const GRADIENT_DEPTH = 1;
export const GRADIENT_TILES = 2;
export const GRADIENT_A = 3;
export const GRADIENT_A_ROW = 4;
export const GRADIENT_B = 5;
export const GRADIENT_B_TILE = 6;
export const GRADIENT_B_ROW = 7;
export const GRADIENT_C = 8;
export const GRADIENT_C_TILE = 9;
/** Not 0: it adds to the record before it, and has to follow it on the same thread. */
export const GRADIENT_CHAINED = 10;
/** Tiles of `summed` whose rows are added up into `bias`; 0 for none. */
export const GRADIENT_BIAS_TILES = 11;
export const GRADIENT_SUMMED_ROWS = 12;
export const GRADIENT_SUMMED = 13;
export const GRADIENT_SUMMED_TILE = 14;
export const GRADIENT_SUMMED_ROW = 15;
export const GRADIENT_BIAS = 16;
/** The vector, from 1 to 4, of every row of a tile of c and bias that belongs to no weight, and is set to 0; 0 for none. */
export const GRADIENT_UNUSED = 17;
export const GRADIENT_WORDS = 18;

/** A transposition: at most 16 rows of a kernel, which threads share out so. */
export const TRANSPOSITION_ROWS = 0;
export const TRANSPOSITION_TILES = 1;
export const TRANSPOSITION_FROM = 2;
export const TRANSPOSITION_FROM_TILE = 3;
export const TRANSPOSITION_TO = 4;
export const TRANSPOSITION_WORDS = 5;
