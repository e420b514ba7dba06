/**
 * Inverted dropout (Srivastava et al. 2014, JMLR 15): each element of a row is dropped with probability `rate`, the
 * others are scaled by 1 / (1 - rate). Which ones are dropped depends only on the seed, the step, the layer, the row and
 * the element. So they are the same on any number of threads, and the same again in the backward pass.
 */
import { MODE_TRAIN } from "../../../training/layout";
import { Job, Operation, Value } from "./plan";

/** Output = input * mask. */
export function forwardDropout(job: Job, dropout: Operation, start: usize, first: usize, rows: i32): void {
  const input = dropout.input;
  const output = dropout.output;
  for (let row = first; row < first + rows; row++) {
    drop(job, dropout, output, start + row, input.data + row * input.rowBytes, output.data + row * output.rowBytes, false);
  }
}

/** The input's gradient = the output's gradient * mask. */
export function backwardDropout(job: Job, dropout: Operation, start: usize, first: usize, rows: i32): void {
  const input = dropout.input;
  const output = dropout.output;
  if (input.gradient == 0) return;
  for (let row = first; row < first + rows; row++) {
    const from = output.gradient + row * output.rowBytes;
    drop(job, dropout, output, start + row, from, input.gradient + row * input.rowBytes, dropout.accumulate != 0);
  }
}

function drop(job: Job, dropout: Operation, shape: Value, window: usize, from: usize, to: usize, accumulate: bool): void {
  const dropped: u32 = job.mode == MODE_TRAIN ? dropout.dropped : 0;
  const scale = <f32>(1 / (1 - <f64>dropped / 4294967296.0));
  const key = mix(mix(mix(<u32>job.seed) ^ <u32>job.step) ^ <u32>dropout.layer) ^ <u32>window;
  let element: u32 = 0;
  for (let step = 0; step < shape.steps; step++) {
    const line = <usize>step * shape.stepBytes;
    for (let column: usize = 0; column < <usize>shape.width; column++, element++) {
      const at = line + (column << 2);
      let value: f32 = 0;
      if (mix(mix(key) + element) >= dropped) value = load<f32>(from + at) * scale;
      store<f32>(to + at, accumulate ? load<f32>(to + at) + value : value);
    }
  }
}

/**
 * A bijection of 32-bit numbers in which every bit of x changes about half of the bits: the multiplications and shifts of
 * MurmurHash3's finalizer (Appleby 2011), and then those of lowbias32 (Wellons 2018).
 */
function mix(x: u32): u32 {
  x += 0x9e3779b9;
  x = (x ^ (x >>> 16)) * 0x85ebca6b;
  x = (x ^ (x >>> 13)) * 0xc2b2ae35;
  x = (x ^ (x >>> 16)) * 0x7feb352d;
  x = (x ^ (x >>> 15)) * 0x846ca68b;
  return x ^ (x >>> 16);
}
