/** Runs a plan (../../../inference/placement.ts) for one block of rows. */
import {
  OP_ACTIVATION,
  OP_ADD,
  OP_BIAS,
  OP_CELL,
  OP_COPY,
  OP_DENSE,
  OP_FIRST_CELL,
  OP_FIRST_STATE,
  OP_FIRST_STATE_STEP,
  OP_GRU,
  OP_INPUT,
  OP_KERNEL,
  OP_KIND,
  OP_LSTM,
  OP_NORMALIZE,
  OP_OUTPUT,
  OP_RECURRENT_ACTIVATION,
  OP_SECOND_INPUT,
  OP_SEQUENCES,
  OP_START,
  OP_STATE_A,
  OP_STATE_B,
  OP_STEPS,
  OP_SUBTRACT,
  OP_SUMS,
  OP_TILES,
  OP_WIDTH_IN,
  OP_WIDTH_OUT,
  OP_WORDS,
  PLACE_MEMORY,
  PLACE_SCRATCH,
  PLAN_HEADER_WORDS,
  STEP_OF_BLOCK,
  VALUE_DATA,
  VALUE_PLACE,
  VALUE_ROW,
  VALUE_STEP,
} from "../../../plan/layout";
import { JOB_PLACES, JOB_PLAN, JOB_SCRATCH, JOB_SCRATCH_STRIDE } from "../../../pool/layout";
import { dense } from "./dense";
import { normalize } from "./normalize";
import { recurrentStep } from "./recurrent";
import { combine } from "./two-values";
import { pointer, word, wordAddress } from "./words";

/** Where a worker's scratch begins: SCRATCH_KERNEL_BYTES for kernels to work in, and then values. */
@inline
function scratchAddress(job: usize, worker: i32): usize {
  return pointer(job, JOB_SCRATCH) + <usize>worker * pointer(job, JOB_SCRATCH_STRIDE);
}

/** Where row `firstRow` of a value is; values in scratch begin with the block's own first row. */
function valueAddress(value: usize, job: usize, worker: i32, firstRow: i32): usize {
  const place = word(value, VALUE_PLACE);
  const offset = pointer(value, VALUE_DATA);
  if (place == PLACE_MEMORY) return offset;
  if (place == PLACE_SCRATCH) return scratchAddress(job, worker) + offset;
  return pointer(job, JOB_PLACES + place) + offset + <usize>firstRow * pointer(value, VALUE_ROW);
}

/** Bytes from one step of a value to the next. */
@inline
function stepBytes(value: usize, rows: i32): usize {
  const step = word(value, VALUE_STEP);
  return step == STEP_OF_BLOCK ? <usize>rows * pointer(value, VALUE_ROW) : <usize>step;
}

/**
 * Runs every operation of the job's plan for rows `firstRow` to `firstRow + rows`.
 * @param job the address of the job's slot.
 * @param worker the number of the thread, which says where its scratch is.
 */
export function forward(job: usize, worker: i32, firstRow: i32, rows: i32): void {
  const plan = pointer(job, JOB_PLAN);
  const operations = word(plan, 0);
  let op = plan + (PLAN_HEADER_WORDS << 2);
  for (let n = 0; n < operations; n++, op += OP_WORDS << 2) {
    const kind = word(op, OP_KIND);
    const value = wordAddress(op, OP_INPUT);
    const result = wordAddress(op, OP_OUTPUT);
    const from = valueAddress(value, job, worker, firstRow);
    const to = valueAddress(result, job, worker, firstRow);
    if (kind == OP_LSTM || kind == OP_GRU) {
      recurrent(op, job, worker, firstRow, rows, from, to);
    } else if (kind == OP_DENSE) {
      dense(
        word(op, OP_STEPS),
        rows,
        word(op, OP_WIDTH_IN),
        word(op, OP_WIDTH_OUT),
        pointer(op, OP_KERNEL),
        pointer(op, OP_BIAS),
        from,
        pointer(value, VALUE_ROW),
        stepBytes(value, rows),
        to,
        pointer(result, VALUE_ROW),
        stepBytes(result, rows),
        word(result, VALUE_PLACE) == PLACE_SCRATCH,
        word(op, OP_ACTIVATION),
        scratchAddress(job, worker),
      );
    } else if (kind == OP_COPY) {
      const bytes = <usize>word(op, OP_WIDTH_IN) << 2;
      const steps = word(op, OP_STEPS);
      const fromStep = stepBytes(value, rows);
      const toStep = stepBytes(result, rows);
      for (let r = 0; r < rows; r++) {
        let a = from + <usize>r * pointer(value, VALUE_ROW);
        let b = to + <usize>r * pointer(result, VALUE_ROW);
        for (let t = 0; t < steps; t++, a += fromStep, b += toStep) memory.copy(b, a, bytes);
      }
    } else if (kind == OP_ADD || kind == OP_SUBTRACT) {
      const second = wordAddress(op, OP_SECOND_INPUT);
      combine(
        kind,
        word(op, OP_STEPS),
        rows,
        word(op, OP_WIDTH_IN),
        from,
        pointer(value, VALUE_ROW),
        stepBytes(value, rows),
        valueAddress(second, job, worker, firstRow),
        pointer(second, VALUE_ROW),
        stepBytes(second, rows),
        to,
        pointer(result, VALUE_ROW),
        stepBytes(result, rows),
      );
    } else if (kind == OP_NORMALIZE) {
      normalize(
        word(op, OP_STEPS),
        rows,
        word(op, OP_WIDTH_IN),
        pointer(op, OP_KERNEL),
        from,
        pointer(value, VALUE_ROW),
        stepBytes(value, rows),
        to,
        pointer(result, VALUE_ROW),
        stepBytes(result, rows),
      );
    } else {
      unreachable();
    }
  }
}

/** Every step of a recurrent layer. Where it starts from zeros the first has no state: its part of the sum is left out. */
function recurrent(op: usize, job: usize, worker: i32, firstRow: i32, rows: i32, from: usize, to: usize): void {
  const steps = word(op, OP_STEPS);
  const tiles = word(op, OP_TILES);
  const value = wordAddress(op, OP_INPUT);
  const start = wordAddress(op, OP_START);
  const unitStride = <usize>tiles << 4;
  const fromStep = stepBytes(value, rows);
  const toStep: usize = word(op, OP_SEQUENCES) ? stepBytes(wordAddress(op, OP_OUTPUT), rows) : 0;
  const scratch = scratchAddress(job, worker);
  const cell = scratch + pointer(op, OP_CELL);
  const firstCell = pointer(op, OP_FIRST_CELL);
  const sums = scratch + pointer(op, OP_SUMS);
  const startAt = valueAddress(start, job, worker, firstRow);
  let next: usize = toStep ? to : scratch + pointer(op, OP_STATE_A);
  let spare: usize = toStep ? 0 : scratch + pointer(op, OP_STATE_B);
  let state: usize = 0;
  const cellBytes = <usize>rows * unitStride;
  if (firstCell) {
    memory.copy(cell, scratch + firstCell, cellBytes);
    state = scratch + pointer(op, OP_FIRST_STATE) + pointer(op, OP_FIRST_STATE_STEP) * cellBytes;
  } else {
    memory.fill(cell, 0, cellBytes);
  }
  for (let t = 0; t < steps; t++) {
    if (!toStep && t == steps - 1) next = to;
    recurrentStep(
      word(op, OP_KIND),
      rows,
      tiles,
      word(op, OP_WIDTH_IN),
      pointer(op, OP_KERNEL),
      startAt,
      pointer(start, VALUE_ROW),
      from,
      pointer(value, VALUE_ROW),
      state,
      cell,
      next,
      unitStride,
      sums,
      word(op, OP_ACTIVATION),
      word(op, OP_RECURRENT_ACTIVATION),
    );
    from += fromStep;
    state = next;
    if (toStep) {
      next += toStep;
    } else {
      next = spare;
      spare = state;
    }
  }
}
