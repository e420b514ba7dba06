/**
 * One batch, from windows to new weights, as every thread runs it. Threads take blocks of windows, then products, then
 * blocks of parameters, and wait for one another between these; no number depends on which thread took what.
 *
 *   for each group of windows:
 *     forward, loss, backward (by windows) | gradients of the weights, at last their norm (by tiles) |
 *   Adam (by blocks)
 *
 * A group has as many windows as have their values in a cache together, whatever the number of threads.
 */
import {
  OP_ADD,
  OP_DENSE,
  OP_DROPOUT,
  OP_GRU,
  OP_LOAD,
  OP_LOSS,
  OP_LSTM,
  OP_REPEAT,
  OP_RESHAPE,
  OP_WORDS,
} from "../../../plan/layout";
import { JOB_KIND, JOB_KIND_TRAIN, JOB_PLAN, OWN_SLOT } from "../../../pool/layout";
import {
  GRADIENT_WORDS,
  MODE_EVALUATE,
  MODE_TRAIN,
  TRAINING_ARRIVED,
  TRAINING_FINISHED,
  TRAINING_LOSS,
  TRAINING_NEXT_UPDATE,
  TRAINING_NEXT_WEIGHT_GRADIENT,
  TRAINING_NEXT_WINDOW,
  TRAINING_PHASE,
  TRAINING_UPDATED,
} from "../../../training/layout";
import { wideVectors } from "../../inference/assembly/arithmetic";
import { takeBlocks } from "../../inference/assembly/ring";
import { pointer, word } from "../../inference/assembly/words";
import { gradientScale, PARAMETER_BLOCK, sumSquares, sumZeros, update } from "./adam";
import { backwardDropout, forwardDropout } from "./dropout";
import {
  backwardAdd,
  backwardDense,
  backwardRepeat,
  backwardReshape,
  forwardAdd,
  forwardDense,
  forwardRepeat,
  forwardReshape,
  loadWindows,
} from "./layers";
import { addLoss } from "./loss";
import { multiplyRows, sumRows } from "./matrix";
import { Job, Operation, WeightGradient } from "./plan";
import { backwardRecurrent, forwardRecurrent } from "./recurrent";
import { useScratch } from "./scratch";
import { transposeKernels } from "./transposed-kernels";
import { waitFor } from "./waiting";

// Exported only so that the optimiser keeps them apart from their callers, and for a test.
export { sumFourRowsGap4, sumFourRowsGap64, sumFourTilesGap0, sumFourTilesGap4 } from "./generated/product-sums";

/** The first byte after the kernels' constants: at most CONTROL. */
export function constantsEnd(): usize {
  return __heap_base;
}

/** Works until the pool is closed. */
export function work(worker: i32, firstJob: i32): void {
  takeBlocks(worker, firstJob, runBlock);
}

/** Runs the job of one thread that stands in the slot beside the ring, on the thread that calls. */
export function runAlone(): void {
  runBlock(OWN_SLOT, 0, 0);
}

/** A block is one thread's part of a batch; all blocks of a job run at once, and wait for one another. */
function runBlock(slot: usize, worker: i32, _block: i32): void {
  if (word(slot, JOB_KIND) != JOB_KIND_TRAIN) unreachable();
  train(changetype<Job>(pointer(slot, JOB_PLAN)), worker);
}

/** Works on a batch with the other threads, each with scratch of its own. The last one to finish notes the results. */
function train(job: Job, worker: i32): void {
  useScratch(job.scratch + <usize>worker * job.scratchBytes);
  for (let start = 0; start < job.windows; start += job.groupWindows) {
    const windows = min(job.groupWindows, job.windows - start);
    const isLast = start + windows == job.windows;
    const operations = isLast ? job.lastOperations : job.operations;
    while (true) {
      const first = atomic.add<i32>(job.at(TRAINING_NEXT_WINDOW), job.blockWindows);
      if (first >= windows) break;
      runWindows(job, operations, start, first, min(job.blockWindows, windows - first));
    }
    meet(job);
    if (job.mode == MODE_EVALUATE) continue;
    const weightGradients = isLast ? job.lastWeightGradients : job.weightGradients;
    while (true) {
      const index = atomic.add<i32>(job.at(TRAINING_NEXT_WEIGHT_GRADIENT), 1);
      if (index >= job.weightGradientCount) break;
      computeWeightGradients(job, weightGradients, index, start > 0, isLast);
    }
    meet(job);
  }
  const loss = meanLoss(job);
  let updated = false;
  if (job.mode == MODE_TRAIN && isFinite(loss)) {
    const scale = gradientScale(job);
    updated = isFinite(scale);
    while (updated) {
      const block = atomic.add<i32>(job.at(TRAINING_NEXT_UPDATE), 1);
      if (block * PARAMETER_BLOCK >= job.parameterCount) break;
      update(job, block, scale);
    }
  }
  if (atomic.add<i32>(job.at(TRAINING_FINISHED), 1) != job.threads - 1) return;
  store<f64>(changetype<usize>(job) + (TRAINING_LOSS << 3), loss);
  store<i32>(job.at(TRAINING_UPDATED), i32(updated));
}

/** Takes rows `first` to `first + rows` of the group that starts at window `start` through the network and back. */
function runWindows(job: Job, operations: usize, start: usize, first: usize, rows: i32): void {
  memory.fill(job.losses + ((start + first) << 3), 0, <usize>rows << 3);
  const size: usize = OP_WORDS << 2;
  let at = operations;
  for (let n = 0; n < job.operationCount; n++, at += size) forward(job, changetype<Operation>(at), start, first, rows);
  if (job.mode == MODE_EVALUATE) return;
  if (wideVectors) transposeKernels(job);
  for (let n = 0; n < job.operationCount; n++) {
    at -= size;
    backward(job, changetype<Operation>(at), start, first, rows);
  }
}

function forward(job: Job, operation: Operation, start: usize, first: usize, rows: i32): void {
  const kind = operation.kind;
  if (kind == OP_LOAD) loadWindows(job, operation, start, first, rows);
  else if (kind == OP_LSTM || kind == OP_GRU) forwardRecurrent(operation, first, rows);
  else if (kind == OP_DENSE) forwardDense(job, operation, first, rows);
  else if (kind == OP_REPEAT) forwardRepeat(operation, first, rows);
  else if (kind == OP_RESHAPE) forwardReshape(operation, first, rows);
  else if (kind == OP_DROPOUT) forwardDropout(job, operation, start, first, rows);
  else if (kind == OP_ADD) forwardAdd(operation, first, rows);
  else if (kind == OP_LOSS) addLoss(job, operation, start, first, rows);
  else unreachable();
}

function backward(job: Job, operation: Operation, start: usize, first: usize, rows: i32): void {
  const kind = operation.kind;
  if (kind == OP_LSTM || kind == OP_GRU) backwardRecurrent(operation, first, rows);
  else if (kind == OP_DENSE) backwardDense(operation, first, rows);
  else if (kind == OP_REPEAT) backwardRepeat(operation, first, rows);
  else if (kind == OP_RESHAPE) backwardReshape(operation, first, rows);
  else if (kind == OP_DROPOUT) backwardDropout(job, operation, start, first, rows);
  else if (kind == OP_ADD) backwardAdd(operation, first, rows);
  // The windows have no gradient, and the loss has put its own where the head's is.
  else if (kind != OP_LOAD && kind != OP_LOSS) unreachable();
}

/** The windows' losses are added in order, so that the sum is the same whichever thread computed each. */
function meanLoss(job: Job): f64 {
  let sum: f64 = 0;
  for (let window = 0; window < job.windows; window++) sum += load<f64>(job.losses + (<usize>window << 3));
  return sum / <f64>job.windows;
}

/**
 * One product with those chained to it, which add to the same gradients; a chained one is not begun by itself.
 * @param accumulate whether earlier groups have gradients there.
 * @param isLast whether the gradients are complete after this group, so that their norm is wanted.
 */
function computeWeightGradients(job: Job, table: usize, index: i32, accumulate: bool, isLast: bool): void {
  const size: usize = GRADIENT_WORDS << 2;
  const first = changetype<WeightGradient>(table + <usize>index * size);
  let sum: f64 = 0;
  if (!first.chained) {
    let w = first;
    let adds = accumulate;
    for (let next = index + 1; ; next++) {
      multiplyRows(w.rows, w.depth, w.tiles, w.a, w.aRow, w.b, w.bTile, w.bRow, w.c, w.cTile, adds);
      if (w.unused) clearVector(w.unused, w.depth, w.tiles, w.c, w.cTile);
      if (next == job.weightGradientCount) break;
      w = changetype<WeightGradient>(table + <usize>next * size);
      if (!w.chained) break;
      adds = true;
    }
    if (first.biasTiles > 0) {
      sumRows(first.summedRows, first.biasTiles, first.summed, first.summedTile, first.summedRow, first.bias, accumulate);
      if (first.unused) clearVector(first.unused, 1, first.biasTiles, first.bias, 64);
    }
    if (isLast) {
      const kernelBytes = <usize>first.tiles * first.cTile;
      const biasBytes = <usize>first.biasTiles << 6;
      if (isFinite(job.clipNorm)) sum = sumSquares(first.c, kernelBytes) + sumSquares(first.bias, biasBytes);
      else sum = sumZeros(first.c, kernelBytes) + sumZeros(first.bias, biasBytes);
    }
  }
  store<f64>(job.squares + (<usize>index << 3), sum);
}

/** Sets the vector of that number, from 1 to 4, to 0 in every row of tiles: a gradient that belongs to no weight. */
function clearVector(vector: i32, rows: i32, tiles: i32, c: usize, cTile: usize): void {
  for (let tile = 0; tile < tiles; tile++) {
    let at = c + (<usize>(vector - 1) << 4);
    for (let row = 0; row < rows; row++, at += 64) v128.store(at, f32x4.splat(0));
    c += cTile;
  }
}

/** Returns when every thread of the job is here. The last one sets the counters of shared work back to 0. */
function meet(job: Job): void {
  const phaseAt = job.at(TRAINING_PHASE);
  const phase = atomic.load<i32>(phaseAt);
  if (atomic.add<i32>(job.at(TRAINING_ARRIVED), 1) == job.threads - 1) {
    atomic.store<i32>(job.at(TRAINING_ARRIVED), 0);
    atomic.store<i32>(job.at(TRAINING_NEXT_WINDOW), 0);
    atomic.store<i32>(job.at(TRAINING_NEXT_WEIGHT_GRADIENT), 0);
    atomic.store<i32>(phaseAt, phase + 1);
    atomic.notify(phaseAt, -1);
    return;
  }
  waitFor(phaseAt, phase);
}
