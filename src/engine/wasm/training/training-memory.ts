/** The memory of one trainer: the pool's words, a job's record, the arrays that are trained, and then a batch's memory. */
import { InputError } from "../../../errors.js";
import {
  LANE_MASKS,
  TRAINING,
  TRAINING_CLIP_NORM,
  TRAINING_CORRECTED_RATE,
  TRAINING_HEAP,
  TRAINING_LOSS,
  TRAINING_UPDATED,
  TRAINING_WORDS,
} from "./layout.js";

const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;

/** Addresses of arrays of the parameters' layout. */
export interface ParameterArrays {
  readonly weights: number;
  readonly gradients: number;
  readonly firstMoments: number;
  readonly secondMoments: number;
}

export class TrainingMemory {
  readonly memory: WebAssembly.Memory;
  readonly arrays: ParameterArrays;
  /** The array of transposed kernels. */
  readonly transposedKernels: number;
  /** The first byte after the arrays. */
  readonly arraysEnd: number;
  readonly #length: number;

  /**
   * @param length floats of each array.
   * @param transposedLength those of the array of transposed kernels.
   * @throws InputError as `reserve`.
   */
  constructor(length: number, transposedLength = 0) {
    const bytes = length * 4;
    this.#length = length;
    this.arrays = {
      weights: TRAINING_HEAP,
      gradients: TRAINING_HEAP + bytes,
      firstMoments: TRAINING_HEAP + 2 * bytes,
      secondMoments: TRAINING_HEAP + 3 * bytes,
    };
    this.transposedKernels = TRAINING_HEAP + 4 * bytes;
    this.arraysEnd = this.transposedKernels + transposedLength * 4;
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
    this.reserve(this.arraysEnd, "this network");
    const masks = new Int32Array(this.buffer, LANE_MASKS, 16);
    for (let lanes = 1; lanes <= 4; lanes++) masks.fill(-1, (lanes - 1) * 4, (lanes - 1) * 4 + lanes);
  }

  /** Another object once the memory has grown. */
  get buffer(): SharedArrayBuffer {
    return this.memory.buffer;
  }

  /**
   * Makes it hold `bytes` bytes.
   *
   * @param what is trained, for the error message.
   * @throws InputError past 4 GiB, and where the system has not so much memory.
   */
  reserve(bytes: number, what: string): void {
    const missing = Math.ceil((bytes - this.buffer.byteLength) / PAGE_BYTES);
    if (missing <= 0) return;
    const refuse = (why: string, cause?: unknown): never => {
      throw new InputError(
        `Training ${what} takes ${Math.ceil(bytes / 2 ** 20)} MiB, and ${why}; use fewer units or a smaller batch.`,
        { cause },
      );
    };
    if (this.buffer.byteLength / PAGE_BYTES + missing > MAX_PAGES) refuse("there are at most 4096");
    try {
      this.memory.grow(missing);
    } catch (error) {
      refuse("this machine has not so much left", error);
    }
  }

  /** A view, good until the memory grows. */
  array(name: keyof ParameterArrays): Float32Array {
    return new Float32Array(this.buffer, this.arrays[name], this.#length);
  }

  /**
   * Writes the record of a batch.
   * @param words by their index in the record (layout.ts).
   * @param correctedRate the learning rate with Adam's correction for its moments' start at 0.
   * @param clipNorm the largest norm of all gradients together.
   */
  writeBatch(words: Readonly<Record<number, number>>, correctedRate: number, clipNorm: number): void {
    const all = new Int32Array(this.buffer, TRAINING, TRAINING_WORDS);
    for (const [index, word] of Object.entries(words)) all[Number(index)] = word;
    const numbers = new Float64Array(this.buffer, TRAINING, 3);
    numbers[TRAINING_CORRECTED_RATE] = correctedRate;
    numbers[TRAINING_CLIP_NORM] = clipNorm;
  }

  /** The loss of the last batch. */
  get loss(): number {
    return new Float64Array(this.buffer, TRAINING, 3)[TRAINING_LOSS]!;
  }

  /** Whether the last batch changed the weights. */
  get updated(): boolean {
    return new Int32Array(this.buffer, TRAINING, TRAINING_WORDS)[TRAINING_UPDATED] !== 0;
  }
}
