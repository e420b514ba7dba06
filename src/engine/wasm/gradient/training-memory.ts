/** The memory of one trainer: a job's record, the arrays that are trained, and after them the plan of a batch. */
import { InputError } from "../../../errors.js";
import {
  HEAP,
  JOB_FIELDS,
  type JobField,
  type JobNumber,
  jobNumber,
  jobWord,
  LANE_MASKS,
} from "./records.js";

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
  /** The array of turned kernels. */
  readonly turnedKernels: number;
  /** The first byte after the arrays. */
  readonly arraysEnd: number;
  readonly #length: number;

  /**
   * @param length floats of each array.
   * @param turnedLength those of the array of turned kernels.
   * Throws InputError past 4 GiB.
   */
  constructor(length: number, turnedLength = 0) {
    const bytes = length * 4;
    this.#length = length;
    this.arrays = {
      weights: HEAP,
      gradients: HEAP + bytes,
      firstMoments: HEAP + 2 * bytes,
      secondMoments: HEAP + 3 * bytes,
    };
    this.turnedKernels = HEAP + 4 * bytes;
    this.arraysEnd = this.turnedKernels + turnedLength * 4;
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
    this.reserve(this.arraysEnd, "this network");
    const masks = new Int32Array(this.buffer, LANE_MASKS, 16);
    for (let lanes = 1; lanes <= 4; lanes++) masks.fill(-1, (lanes - 1) * 4, (lanes - 1) * 4 + lanes);
  }

  /** Another object once the memory has grown. */
  get buffer(): SharedArrayBuffer {
    return this.memory.buffer;
  }

  /** Makes it hold `bytes` bytes. Throws InputError past 4 GiB. */
  reserve(bytes: number, what: string): void {
    const missing = Math.ceil((bytes - this.buffer.byteLength) / PAGE_BYTES);
    if (missing <= 0) return;
    try {
      this.memory.grow(missing);
    } catch {
      throw new InputError(
        `Training ${what} takes ${Math.ceil(bytes / 2 ** 20)} MiB, and there are at most 4096; use fewer units or a smaller batch.`,
      );
    }
  }

  /** A view, good until the memory grows. */
  array(name: keyof ParameterArrays): Float32Array {
    return new Float32Array(this.buffer, this.arrays[name], this.#length);
  }

  writeJob(
    words: Readonly<Record<JobField, number>>,
    numbers: Readonly<Partial<Record<JobNumber, number>>>,
  ): void {
    const all = new Int32Array(this.buffer, 0, HEAP / 4);
    for (const field of JOB_FIELDS) all[jobWord(field)] = words[field];
    const doubles = new Float64Array(this.buffer, 0, HEAP / 8);
    for (const [field, value] of Object.entries(numbers)) doubles[jobNumber(field as JobNumber)] = value;
  }

  /** What the last job found. */
  get loss(): number {
    return new Float64Array(this.buffer, 0, HEAP / 8)[jobNumber("loss")]!;
  }

  /** Whether it changed the weights. */
  get updated(): boolean {
    return new Int32Array(this.buffer, 0, HEAP / 4)[jobWord("updated")] !== 0;
  }
}
