/** Runs a plan (see ../layout and ../lowering.ts) for one block of rows. */
import {
  JOB_PLACES,
  JOB_PLAN,
  JOB_SCRATCH,
  JOB_SCRATCH_STRIDE,
  LSTM_CELL,
  LSTM_RECURRENT_ACTIVATION,
  LSTM_SEQUENCES,
  LSTM_STATE_A,
  LSTM_STATE_B,
  LSTM_SUMS,
  LSTM_TILES,
  OP_ACTIVATION,
  OP_COPY,
  OP_DENSE,
  OP_FROM,
  OP_KIND,
  OP_LSTM,
  OP_START,
  OP_STEPS,
  OP_TO,
  OP_WEIGHTS,
  OP_WIDTH_IN,
  OP_WIDTH_OUT,
  OP_WORDS,
  PLACE_MEMORY,
  PLACE_SCRATCH,
  PLAN_HEADER_WORDS,
  STEP_OF_BLOCK,
} from "../layout";
import { dense } from "./dense";
import { lstmStep } from "./lstm";

@inline
export function word(at: usize, index: i32): i32 {
  return load<i32>(at + (<usize>index << 2));
}

/** Where a worker's scratch begins: SCRATCH_KERNEL_BYTES for kernels to work in, and then values. */
@inline
function scratchAddress(job: usize, worker: i32): usize {
  return <usize>word(job, JOB_SCRATCH) + <usize>worker * <usize>word(job, JOB_SCRATCH_STRIDE);
}

/** Where row `firstRow` of a value is; values in scratch begin with the block's own first row. */
export function valueAddress(value: usize, job: usize, worker: i32, firstRow: i32): usize {
  const place = word(value, 0);
  const offset = <usize>word(value, 1);
  if (place == PLACE_MEMORY) return offset;
  if (place == PLACE_SCRATCH) return scratchAddress(job, worker) + offset;
  return <usize>word(job, JOB_PLACES + place) + offset + <usize>firstRow * <usize>word(value, 2);
}

/** Bytes from one step of a value to the next. */
@inline
export function stepBytes(value: usize, rows: i32): usize {
  const step = word(value, 3);
  return step == STEP_OF_BLOCK ? <usize>rows * <usize>word(value, 2) : <usize>step;
}

export function forward(job: usize, worker: i32, firstRow: i32, rows: i32): void {
  const plan = <usize>word(job, JOB_PLAN);
  const operations = word(plan, 0);
  let op = plan + (PLAN_HEADER_WORDS << 2);
  for (let n = 0; n < operations; n++, op += OP_WORDS << 2) {
    const kind = word(op, OP_KIND);
    const value = op + (OP_FROM << 2);
    const result = op + (OP_TO << 2);
    const from = valueAddress(value, job, worker, firstRow);
    const to = valueAddress(result, job, worker, firstRow);
    if (kind == OP_LSTM) {
      lstm(op, job, worker, firstRow, rows, from, to);
    } else if (kind == OP_DENSE) {
      dense(
        word(op, OP_STEPS),
        rows,
        word(op, OP_WIDTH_IN),
        word(op, OP_WIDTH_OUT),
        <usize>word(op, OP_WEIGHTS),
        valueAddress(op + (OP_START << 2), job, worker, firstRow),
        from,
        <usize>word(value, 2),
        stepBytes(value, rows),
        to,
        <usize>word(result, 2),
        stepBytes(result, rows),
        word(result, 0) == PLACE_SCRATCH,
        word(op, OP_ACTIVATION),
        scratchAddress(job, worker),
      );
    } else if (kind == OP_COPY) {
      const bytes = <usize>word(op, OP_WIDTH_IN) << 2;
      const steps = word(op, OP_STEPS);
      const fromStep = stepBytes(value, rows);
      const toStep = stepBytes(result, rows);
      for (let r = 0; r < rows; r++) {
        let a = from + <usize>r * <usize>word(value, 2);
        let b = to + <usize>r * <usize>word(result, 2);
        for (let t = 0; t < steps; t++, a += fromStep, b += toStep) memory.copy(b, a, bytes);
      }
    }
  }
}

/** Every step of an LSTM layer. The first has no state: its part of the sum is left out. */
function lstm(op: usize, job: usize, worker: i32, firstRow: i32, rows: i32, from: usize, to: usize): void {
  const steps = word(op, OP_STEPS);
  const tiles = word(op, LSTM_TILES);
  const value = op + (OP_FROM << 2);
  const start = op + (OP_START << 2);
  const unitStride = <usize>tiles << 4;
  const fromStep = stepBytes(value, rows);
  const toStep: usize = word(op, LSTM_SEQUENCES) ? stepBytes(op + (OP_TO << 2), rows) : 0;
  const cell = valueAddress(op + (LSTM_CELL << 2), job, worker, firstRow);
  const sums = valueAddress(op + (LSTM_SUMS << 2), job, worker, firstRow);
  const startAt = valueAddress(start, job, worker, firstRow);
  let next: usize = toStep ? to : valueAddress(op + (LSTM_STATE_A << 2), job, worker, firstRow);
  let spare: usize = toStep ? 0 : valueAddress(op + (LSTM_STATE_B << 2), job, worker, firstRow);
  let state: usize = 0;
  memory.fill(cell, 0, <usize>rows * unitStride);
  for (let t = 0; t < steps; t++) {
    if (!toStep && t == steps - 1) next = to;
    lstmStep(
      rows,
      tiles,
      word(op, OP_WIDTH_IN),
      <usize>word(op, OP_WEIGHTS),
      startAt,
      <usize>word(start, 2),
      from,
      <usize>word(value, 2),
      state,
      cell,
      next,
      unitStride,
      sums,
      word(op, OP_ACTIVATION),
      word(op, LSTM_RECURRENT_ACTIVATION),
    );
    from += fromStep;
    if (toStep) {
      state = next;
      next += toStep;
    } else {
      state = next;
      next = spare;
      spare = state;
    }
  }
}
