/** The layers without a state, over a block of windows: forwards, and from the output's gradient to the input's. */
import { activate } from "../../inference/assembly/activations";
import { wideVectors } from "../../inference/assembly/arithmetic";
import { multiply } from "./matrix";
import { multiplyTransposed } from "./narrow-transposed";
import { Job, Operation, Value } from "./plan";
import { loadOne, slope } from "./slope";
import { multiplyTransposedWide, transposeKernels } from "./transposed-kernels";

/** Copies the rows of the windows [window][timestep][feature, then covariate] that the encoder reads into a time-major value. */
export function loadWindows(job: Job, operation: Operation, start: usize, first: usize, rows: i32): void {
  const output = operation.output;
  const rowBytes = <usize>job.inputWidth << 2;
  let window = job.inputs + (start + first) * <usize>job.timesteps * rowBytes;
  let to = output.data + first * output.rowBytes;
  for (let row = 0; row < rows; row++) {
    for (let step = 0; step < output.steps; step++) {
      memory.copy(to + <usize>step * output.stepBytes, window + <usize>step * rowBytes, rowBytes);
    }
    window += <usize>job.timesteps * rowBytes;
    to += output.rowBytes;
  }
}

/** y = activation(x . W + b) at every step of the input, for rows `first` to `first + rows` of the group. */
export function forwardDense(job: Job, dense: Operation, first: usize, rows: i32): void {
  const input = dense.input;
  const output = dense.output;
  let x = input.data + first * input.rowBytes;
  let y = output.data + first * output.rowBytes;
  if (wideVectors && dense.transposedKernel) transposeKernels(job);
  for (let step = 0; step < output.steps; step++) {
    if (dense.tied) {
      multiply(rows, input.width, dense.tiles, x, input.rowBytes, dense.kernel, dense.kernelTile, dense.bias, 64, 0, y, 64, output.rowBytes);
    } else {
      multiplyByKernel(dense, rows, output.width, x, input.rowBytes, y, output.rowBytes, false);
    }
    activateDense(dense, rows, y);
    x += input.stepBytes;
    y += output.stepBytes;
  }
}

/** The products of each row of a with each of the first `count` rows of the kernel as it is stored. */
function multiplyByKernel(dense: Operation, rows: i32, count: i32, a: usize, aRow: usize, c: usize, cRow: usize, accumulate: bool): void {
  if (wideVectors && dense.transposedKernel) {
    multiplyTransposedWide(rows, count, dense.tiles, a, 64, aRow, dense.transposedKernel, c, cRow, accumulate, false);
  } else {
    multiplyTransposed(rows, count, dense.tiles, a, 64, aRow, dense.kernel, dense.kernelTile, c, cRow, accumulate);
  }
}

function activateDense(dense: Operation, rows: i32, y: usize): void {
  const output = dense.output;
  const last = <usize>((output.width - 1) & ~3) << 2;
  for (let row = 0; row < rows; row++) {
    for (let at: usize = 0; at <= last; at += 16) {
      let z = v128.load(y + at);
      if (!dense.tied) z = f32x4.add(z, v128.load(dense.bias + at));
      z = activate(dense.activation, z);
      v128.store(y + at, at == last ? v128.and(z, v128.load(dense.lastUnits)) : z);
    }
    y += output.rowBytes;
  }
}

/**
 * From the gradient of the output to that of the sums before the activation, in its place, and to that of the input where
 * the input has one. weight-gradients.ts makes the gradients of kernel and bias of it.
 */
export function backwardDense(dense: Operation, first: usize, rows: i32): void {
  const input = dense.input;
  const output = dense.output;
  const end = (<usize>output.width + 3) & ~3;
  const one = loadOne();
  let y = output.data + first * output.rowBytes;
  let dy = output.gradient + first * output.rowBytes;
  let dx = input.gradient + first * input.rowBytes;
  for (let step = 0; step < output.steps; step++) {
    for (let row: usize = 0; row < <usize>rows; row++) {
      const offset = row * output.rowBytes;
      for (let at: usize = 0; at < end << 2; at += 16) {
        const from = slope(dense.activation, v128.load(y + offset + at), one);
        v128.store(dy + offset + at, f32x4.mul(v128.load(dy + offset + at), from));
      }
    }
    if (input.gradient != 0) {
      if (dense.tied) {
        multiplyByKernel(dense, rows, input.width, dy, output.rowBytes, dx, input.rowBytes, dense.accumulate != 0);
      } else {
        if (!dense.accumulate) clear(input, rows, dx);
        multiply(rows, output.width, dense.tiles, dy, output.rowBytes, dense.kernel, dense.kernelTile, dx, 64, input.rowBytes, dx, 64, input.rowBytes);
      }
    }
    y += output.stepBytes;
    dy += output.stepBytes;
    dx += input.stepBytes;
  }
}

function clear(value: Value, rows: i32, at: usize): void {
  memory.fill(at, 0, <usize>rows * value.rowBytes);
}

/** Copies the one row of the input to every step. */
export function forwardRepeat(operation: Operation, first: usize, rows: i32): void {
  const output = operation.output;
  const bytes = <usize>rows * output.rowBytes;
  const from = operation.input.data + first * output.rowBytes;
  let to = output.data + first * output.rowBytes;
  for (let step = 0; step < output.steps; step++) {
    memory.copy(to, from, bytes);
    to += output.stepBytes;
  }
}

/** The input's gradient is the sum of the output's over the steps, in their order. */
export function backwardRepeat(operation: Operation, first: usize, rows: i32): void {
  const output = operation.output;
  const bytes = <usize>rows * output.rowBytes;
  const to = operation.input.gradient + first * output.rowBytes;
  if (operation.input.gradient == 0) return;
  if (!operation.accumulate) clear(operation.input, rows, to);
  let from = output.gradient + first * output.rowBytes;
  for (let step = 0; step < output.steps; step++) {
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)));
    }
    from += output.stepBytes;
  }
}

/** Copies the numbers into rows of another length: [T, F] to [T * F] or back. */
export function forwardReshape(operation: Operation, first: usize, rows: i32): void {
  const input = operation.input;
  const output = operation.output;
  for (let row: usize = 0; row < <usize>rows; row++) {
    for (let n = 0; n < input.steps * input.width; n++) {
      const from = input.data + (first + row) * input.rowBytes + offsetOf(input, n);
      const to = output.data + (first + row) * output.rowBytes + offsetOf(output, n);
      store<f32>(to, load<f32>(from));
    }
  }
}

/** The input's gradient is the output's, in rows of the input's length. */
export function backwardReshape(operation: Operation, first: usize, rows: i32): void {
  const input = operation.input;
  const output = operation.output;
  if (input.gradient == 0) return;
  for (let row: usize = 0; row < <usize>rows; row++) {
    for (let n = 0; n < input.steps * input.width; n++) {
      const from = output.gradient + (first + row) * output.rowBytes + offsetOf(output, n);
      const to = input.gradient + (first + row) * input.rowBytes + offsetOf(input, n);
      store<f32>(to, operation.accumulate ? load<f32>(to) + load<f32>(from) : load<f32>(from));
    }
  }
}

/** The sum of two values of one shape, the padding of their rows included, which stays 0. */
export function forwardAdd(operation: Operation, first: usize, rows: i32): void {
  const input = operation.input;
  const bytes = <usize>rows * input.rowBytes;
  const start = first * input.rowBytes;
  let a = input.data + start;
  let b = operation.second.data + start;
  let sum = operation.output.data + start;
  for (let step = 0; step < input.steps; step++) {
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(sum + at, f32x4.add(v128.load(a + at), v128.load(b + at)));
    }
    a += input.stepBytes;
    b += input.stepBytes;
    sum += input.stepBytes;
  }
}

/** The gradient of a sum is that of each of its terms. */
export function backwardAdd(operation: Operation, first: usize, rows: i32): void {
  const output = operation.output;
  handGradient(output, operation.input, operation.accumulate != 0, first, rows);
  handGradient(output, operation.second, operation.accumulateSecond != 0, first, rows);
}

/** Copies the gradient of one value to another of the same shape, or adds it. */
function handGradient(from: Value, to: Value, accumulate: bool, first: usize, rows: i32): void {
  if (to.gradient == 0) return;
  const bytes = <usize>rows * from.rowBytes;
  let source = from.gradient + first * from.rowBytes;
  let target = to.gradient + first * from.rowBytes;
  for (let step = 0; step < from.steps; step++) {
    if (!accumulate) memory.copy(target, source, bytes);
    else {
      for (let at: usize = 0; at < bytes; at += 16) {
        v128.store(target + at, f32x4.add(v128.load(target + at), v128.load(source + at)));
      }
    }
    source += from.stepBytes;
    target += from.stepBytes;
  }
}

/** Bytes from a row of the value to the n-th of the row's numbers over all steps. */
function offsetOf(value: Value, n: i32): usize {
  return <usize>(n / value.width) * value.stepBytes + (<usize>(n % value.width) << 2);
}
