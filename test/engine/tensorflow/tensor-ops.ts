/** Operations on tensors of plain numbers, for graph-interpreter.ts. */

/** A tensor, row-major; or a list of tensors. */
export interface Value {
  readonly shape: readonly number[];
  readonly data: readonly number[];
  /** The entries of a tensor list, which has no numbers of its own. */
  readonly entries?: readonly Value[];
}

export function volume(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function map(value: Value, change: (x: number) => number): Value {
  return { shape: value.shape, data: value.data.map(change) };
}

/**
 * Joins two tensors number by number; a shorter second one is repeated over the rows of the first, and one of as many
 * rows with one number each over the numbers of those rows.
 */
export function zip(a: Value, b: Value, join: (x: number, y: number) => number): Value {
  const width = a.shape.at(-1);
  if (a.shape.length > 1 && b.shape.length === a.shape.length && b.shape.at(-1) === 1 && width !== 1) {
    return { shape: a.shape, data: a.data.map((x, i) => join(x, b.data[Math.floor(i / width!)]!)) };
  }
  if (a.data.length % b.data.length !== 0) throw new Error(`[${b.shape}] does not repeat over [${a.shape}]`);
  return { shape: a.shape, data: a.data.map((x, i) => join(x, b.data[i % b.data.length]!)) };
}

/** The mean of each row of `width` numbers. */
export function meanOfRows({ shape, data }: Value, width: number): Value {
  const means = Array.from({ length: data.length / width }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += data[row * width + i]!;
    return sum / width;
  });
  return { shape: [...shape.slice(0, -1), 1], data: means };
}

export function matMul(a: Value, b: Value, transposed: boolean): Value {
  const [rows, inner] = a.shape as [number, number];
  const [columns, other] = transposed ? [b.shape[0]!, b.shape[1]!] : [b.shape[1]!, b.shape[0]!];
  if (inner !== other) throw new Error(`[${a.shape}] does not multiply [${b.shape}]`);
  const data: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) {
        sum += a.data[row * inner + k]! * b.data[transposed ? column * inner + k : k * columns + column]!;
      }
      data.push(sum);
    }
  }
  return { shape: [rows, columns], data };
}

export function reshape(value: Value, wanted: readonly number[]): Value {
  const known = wanted.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const shape = wanted.map((size) => (size === -1 ? value.data.length / known : size));
  if (volume(shape) !== value.data.length)
    throw new Error(`[${value.shape}] cannot be reshaped to [${wanted}]`);
  return { shape, data: value.data };
}

export function entries(value: Value): Value[] {
  const shape = value.shape.slice(1);
  const size = volume(shape);
  return Array.from({ length: value.shape[0]! }, (_, i) => ({
    shape,
    data: value.data.slice(i * size, (i + 1) * size),
  }));
}

export function swapFirstAxes(value: Value): Value {
  const [first, second, third] = value.shape as [number, number, number];
  const data: number[] = [];
  for (let j = 0; j < second; j++) {
    for (let i = 0; i < first; i++) {
      data.push(...value.data.slice((i * second + j) * third, (i * second + j + 1) * third));
    }
  }
  return { shape: [second, first, third], data };
}

export function slice(value: Value, begin: readonly number[], size: readonly number[]): Value {
  if (value.shape.length === 0) return value;
  const [from = 0, ...restBegin] = begin;
  const [count = -1, ...restSize] = size;
  const kept = entries(value).slice(from, count === -1 ? undefined : from + count);
  if (value.shape.length === 1) return { shape: [kept.length], data: kept.flatMap(({ data }) => data) };
  const parts = kept.map((entry) => slice(entry, restBegin, restSize));
  return { shape: [parts.length, ...parts[0]!.shape], data: parts.flatMap(({ data }) => data) };
}

/** Values one after the other along an axis. */
export function concatenate(values: readonly Value[], axis: number): Value {
  const sizes = values.map(({ shape }) => shape.slice(axis).reduce((a, b) => a * b, 1));
  const before = values[0]!.shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const along = values.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  return {
    shape: values[0]!.shape.with(axis, along),
    data: Array.from({ length: before }, (_, row) =>
      values.flatMap(({ data }, i) => data.slice(row * sizes[i]!, (row + 1) * sizes[i]!)),
    ).flat(),
  };
}

export function tile(value: Value, times: readonly number[]): Value {
  if (value.shape.length === 0) return value;
  const [count = 1, ...rest] = times;
  const once = entries(value).map((entry) => tile(entry, rest));
  const all = Array.from({ length: count }, () => once).flat();
  return { shape: [all.length, ...all[0]!.shape], data: all.flatMap(({ data }) => data) };
}
