/**
 * One batch, from windows to new weights, as every thread runs it. Threads take blocks of windows, then products, then
 * blocks of parameters, and meet between; no number depends on which thread took what.
 *
 *   for each group of windows:
 *     forward, loss, backward (by windows) | gradients of the weights, at last their norm (by tiles) |
 *   Adam (by blocks)
 *
 * Groups are as large as their values find room in a cache, and the same on any number of threads.
 */
import { wideVectors } from "../../assembly/arithmetic";
import { gradientScale, PARAMETER_BLOCK, sumSquares, sumZeros, update } from "./adam";
import { backwardDropout, forwardDropout } from "./dropout";
import {
  backwardDense,
  backwardRepeat,
  backwardReshape,
  forwardDense,
  forwardRepeat,
  forwardReshape,
  loadWindows,
} from "./layers";
import { addLoss } from "./loss";
import { backwardLstm, forwardLstm } from "./lstm";
import { multiplyRows, sumRows } from "./matrix";
import { DENSE, DROPOUT, EVALUATE, Job, LOAD, LOSS, LSTM, Operation, REPEAT, RESHAPE, TRAIN, WeightGradient } from "./plan";
import { useScratch } from "./scratch";
import { transposeKernels } from "./transposed-kernels";
import { waitFor } from "./waiting";

// Exported only so that the optimiser keeps them apart from their callers, and for a test.
export { sumFourRowsGap4, sumFourRowsGap64, sumFourTilesGap0, sumFourTilesGap4 } from "./generated/product-sums";

/** The first byte after the kernels' own constants. */
export function constantsEnd(): usize {
  return __heap_base;
}

/** Works on a job with the other threads, as that one of them. Returns whether this one was the last to finish. */
export function work(at: usize, thread: i32): bool {
  const job = changetype<Job>(at);
  useScratch(job.scratch + <usize>thread * job.scratchBytes);
  for (let start = 0; start < job.windows; start += job.groupWindows) {
    const windows = min(job.groupWindows, job.windows - start);
    const isLast = start + windows == job.windows;
    const operations = isLast ? job.lastOperations : job.operations;
    while (true) {
      const first = atomic.add<i32>(at + offsetof<Job>("nextWindow"), job.blockWindows);
      if (first >= windows) break;
      runWindows(job, operations, start, first, min(job.blockWindows, windows - first));
    }
    meet(job);
    if (job.mode == EVALUATE) continue;
    const weightGradients = isLast ? job.lastWeightGradients : job.weightGradients;
    while (true) {
      const index = atomic.add<i32>(at + offsetof<Job>("nextWeightGradient"), 1);
      if (index >= job.weightGradientCount) break;
      computeWeightGradients(job, weightGradients, index, start > 0, isLast);
    }
    meet(job);
  }
  const loss = meanLoss(job);
  let updated = false;
  if (job.mode == TRAIN && isFinite(loss)) {
    const scale = gradientScale(job);
    updated = isFinite(scale);
    while (updated) {
      const block = atomic.add<i32>(at + offsetof<Job>("nextUpdate"), 1);
      if (block * PARAMETER_BLOCK >= job.parameterCount) break;
      update(job, block, scale);
    }
  }
  if (atomic.add<i32>(at + offsetof<Job>("finished"), 1) != job.threads - 1) return false;
  job.loss = loss;
  job.updated = i32(updated);
  return true;
}

/** Takes rows `first` to `first + rows` of the group that starts at window `start` through the network and back. */
function runWindows(job: Job, operations: usize, start: usize, first: usize, rows: i32): void {
  memory.fill(job.losses + ((start + first) << 3), 0, <usize>rows << 3);
  const size = offsetof<Operation>();
  let at = operations;
  for (let n = 0; n < job.operationCount; n++, at += size) forward(job, changetype<Operation>(at), start, first, rows);
  if (job.mode == EVALUATE) return;
  if (wideVectors) transposeKernels(job);
  for (let n = 0; n < job.operationCount; n++) {
    at -= size;
    backward(job, changetype<Operation>(at), start, first, rows);
  }
}

function forward(job: Job, operation: Operation, start: usize, first: usize, rows: i32): void {
  const kind = operation.kind;
  if (kind == LOAD) loadWindows(job, operation, start, first, rows);
  else if (kind == LSTM) forwardLstm(operation, first, rows);
  else if (kind == DENSE) forwardDense(job, operation, first, rows);
  else if (kind == REPEAT) forwardRepeat(operation, first, rows);
  else if (kind == RESHAPE) forwardReshape(operation, first, rows);
  else if (kind == DROPOUT) forwardDropout(job, operation, start, first, rows);
  else if (kind == LOSS) addLoss(job, operation, start, first, rows);
}

function backward(job: Job, operation: Operation, start: usize, first: usize, rows: i32): void {
  const kind = operation.kind;
  if (kind == LSTM) backwardLstm(operation, first, rows);
  else if (kind == DENSE) backwardDense(operation, first, rows);
  else if (kind == REPEAT) backwardRepeat(operation, first, rows);
  else if (kind == RESHAPE) backwardReshape(operation, first, rows);
  else if (kind == DROPOUT) backwardDropout(job, operation, start, first, rows);
}

/** Every window's loss is added in order, so that the sum is the same whoever computed them. */
function meanLoss(job: Job): f64 {
  let sum: f64 = 0;
  for (let window = 0; window < job.windows; window++) sum += load<f64>(job.losses + (<usize>window << 3));
  return sum / <f64>job.windows;
}

/**
 * One product with those chained to it, which add to the same gradients; a chained one is not begun by itself.
 * @param accumulate whether earlier groups have gradients there.
 * @param isLast whether the gradients are whole after this group, and their norm is wanted.
 */
function computeWeightGradients(job: Job, table: usize, index: i32, accumulate: bool, isLast: bool): void {
  const size = offsetof<WeightGradient>();
  const first = changetype<WeightGradient>(table + <usize>index * size);
  let sum: f64 = 0;
  if (!first.chained) {
    let w = first;
    let adds = accumulate;
    for (let next = index + 1; ; next++) {
      multiplyRows(w.rows, w.depth, w.tiles, w.a, w.aRow, w.b, w.bTile, w.bRow, w.c, w.cTile, adds);
      if (next == job.weightGradientCount) break;
      w = changetype<WeightGradient>(table + <usize>next * size);
      if (!w.chained) break;
      adds = true;
    }
    if (first.biasTiles > 0) {
      sumRows(first.summedRows, first.biasTiles, first.summed, first.summedTile, first.summedRow, first.bias, accumulate);
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

/** Returns when every thread of the job is here. The last one sets back what they count their shares with. */
function meet(job: Job): void {
  const at = changetype<usize>(job);
  const phaseAt = at + offsetof<Job>("phase");
  const phase = atomic.load<i32>(phaseAt);
  if (atomic.add<i32>(at + offsetof<Job>("arrived"), 1) == job.threads - 1) {
    atomic.store<i32>(at + offsetof<Job>("arrived"), 0);
    atomic.store<i32>(at + offsetof<Job>("nextWindow"), 0);
    atomic.store<i32>(at + offsetof<Job>("nextWeightGradient"), 0);
    atomic.store<i32>(phaseAt, phase + 1);
    atomic.notify(phaseAt, -1);
    return;
  }
  waitFor(phaseAt, phase);
}
