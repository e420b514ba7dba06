/**
 * The TensorFlow ops that layers are made of, with the attributes and output names of TensorFlow's op registry
 * (tensorflow/core/ops). Each function adds the nodes of one op to a scope, and returns its result.
 */
import type { Activation } from "../../network/network.js";
import type { Result, Scope } from "./graph-builder.js";
import type { DataType } from "./protobuf.js";

const typed = (type: DataType, key = "T") => ({ [key]: { type } }) as const;

/** [a, b] x [b, c] -> [a, c]; with `transposeB`, [a, b] x [c, b] -> [a, c]. */
export function matMul(scope: Scope, a: Result, b: Result, transposeB = false): Result {
  const attributes = { ...typed("float"), transpose_b: { bool: transposeB } };
  return scope.add({ op: "MatMul", output: "product", attributes }, [a, b]);
}

/** rows [a, b] + bias [b]. */
export function addBias(scope: Scope, rows: Result, bias: Result): Result {
  return scope.add({ op: "BiasAdd", output: "output", attributes: typed("float") }, [rows, bias]);
}

/** a + b, which have the same shape or broadcast. */
export function add(scope: Scope, a: Result, b: Result): Result {
  return scope.add({ op: "AddV2", output: "z", attributes: typed(a.type) }, [a, b]);
}

/** a - b of float32, which have the same shape or broadcast. */
export function subtract(scope: Scope, a: Result, b: Result): Result {
  return scope.add({ op: "Sub", output: "z", attributes: typed("float") }, [a, b]);
}

/** a * b of float32, which have the same shape or broadcast. */
export function multiply(scope: Scope, a: Result, b: Result): Result {
  return scope.add({ op: "Mul", output: "z", attributes: typed("float") }, [a, b]);
}

/** The mean of float32 along the last of `rank` axes, which stays with the length 1. */
export function meanOfRows(scope: Scope, value: Result, rank: number): Result {
  const attributes = { ...typed("float"), ...typed("int32", "Tidx"), keep_dims: { bool: true } };
  return scope.add({ op: "Mean", output: "output", attributes }, [value, integers(scope, [rank - 1])]);
}

/** 1 / sqrt(a) of float32. */
export function inverseRoot(scope: Scope, value: Result): Result {
  return scope.add({ op: "Rsqrt", output: "y", attributes: typed("float") }, [value]);
}

/** a < b, as bool. */
export function less(scope: Scope, a: Result, b: Result): Result {
  return scope.add({ op: "Less", output: "z", type: "bool", attributes: typed(a.type) }, [a, b]);
}

/** The same value under a name of its own. */
export function identity(scope: Scope, value: Result, name?: string): Result {
  return scope.add({ op: "Identity", output: "output", attributes: typed(value.type) }, [value], name);
}

/** The same numbers in another shape; -1 for the one dimension that follows from the others. */
export function reshape(scope: Scope, value: Result, shape: readonly number[]): Result {
  return scope.add({ op: "Reshape", output: "output", attributes: typed(value.type) }, [
    value,
    integers(scope, shape),
  ]);
}

/** [a, b, c] -> [b, a, c]. */
export function swapFirstAxes(scope: Scope, value: Result): Result {
  return scope.add({ op: "Transpose", output: "y", attributes: typed(value.type) }, [
    value,
    integers(scope, [1, 0, 2]),
  ]);
}

/** From `begin` on, `size` entries along each axis; -1 for all that are left. */
export function slice(
  scope: Scope,
  value: Result,
  begin: readonly number[],
  size: readonly number[],
): Result {
  const attributes = { ...typed(value.type), ...typed("int32", "Index") };
  return scope.add({ op: "Slice", output: "output", attributes }, [
    value,
    integers(scope, begin),
    integers(scope, size),
  ]);
}

/** Splits into `parts` equal parts along an axis. */
export function split(scope: Scope, value: Result, axis: number, parts: number): Result[] {
  if (parts === 1) return [value];
  const attributes = { ...typed(value.type), num_split: { int: parts } };
  const types = Array.from({ length: parts }, () => value.type);
  return scope.addMany(
    { op: "Split", output: "output", attributes },
    [scope.constant("int32", [], [axis]), value],
    types,
  );
}

/** The values one after the other along an axis. */
export function concatenate(scope: Scope, values: readonly Result[], axis: number): Result {
  if (values.length === 1) return values[0]!;
  const attributes = { ...typed(values[0]!.type), N: { int: values.length } };
  return scope.add({ op: "ConcatV2", output: "output", attributes }, [
    ...values,
    scope.constant("int32", [], [axis]),
  ]);
}

/** [a, ...] -> [...]: the entry `index` (an int32 scalar) along the first axis. */
export function entry(scope: Scope, values: Result, index: Result): Result {
  const attributes = {
    ...typed(values.type, "Tparams"),
    ...typed("int32", "Tindices"),
    ...typed("int32", "Taxis"),
  };
  return scope.add({ op: "GatherV2", output: "output", attributes }, [
    values,
    index,
    scope.constant("int32", [], [0]),
  ]);
}

/** [n, width] -> [n, times, width]. */
export function repeat(scope: Scope, vector: Result, times: number, width: number): Result {
  return tile(scope, reshape(scope, vector, [-1, 1, width]), [1, times, 1]);
}

/** Repeats the value `times[i]` times along each axis i. */
export function tile(scope: Scope, value: Result, times: readonly number[]): Result {
  return scope.add({ op: "Tile", output: "output", attributes: typed(value.type) }, [
    value,
    integers(scope, times),
  ]);
}

/** How many windows n a sequence [steps, n, width] is of: int32 [1]. */
export function windowsOf(scope: Scope, sequence: Result): Result {
  const attributes = { ...typed("float"), ...typed("int32", "out_type") };
  const shape = scope.add({ op: "Shape", output: "output", type: "int32", attributes }, [sequence]);
  return slice(scope, shape, [1], [1]);
}

/**
 * A tensor of one number.
 * @param shape its dimensions; a result stands for one of them, int32 [1].
 */
export function fill(
  scope: Scope,
  type: "float" | "int32",
  shape: readonly (number | Result)[],
  value: number,
): Result {
  const dimensions = shape.map((size) => (typeof size === "number" ? integers(scope, [size]) : size));
  const attributes = { ...typed(type), ...typed("int32", "index_type") };
  return scope.add({ op: "Fill", output: "output", type, attributes }, [
    concatenate(scope, dimensions, 0),
    scope.constant(type, [], [value]),
  ]);
}

/** A tensor list with the entries of a tensor along its first axis. A loop collects its results in such a list. */
export function listFrom(scope: Scope, values: Result, entryShape: readonly number[]): Result {
  const attributes = { ...typed(values.type, "element_dtype"), ...typed("int32", "shape_type") };
  return scope.add({ op: "TensorListFromTensor", output: "output_handle", type: "variant", attributes }, [
    values,
    integers(scope, entryShape),
  ]);
}

/** The list with `value` as entry `index`. */
export function setEntry(scope: Scope, list: Result, index: Result, value: Result): Result {
  const attributes = typed(value.type, "element_dtype");
  return scope.add({ op: "TensorListSetItem", output: "output_handle", type: "variant", attributes }, [
    list,
    index,
    value,
  ]);
}

/** The entries of a list as one tensor [entries, ...entryShape] of float32. */
export function stackList(
  scope: Scope,
  list: Result,
  entryShape: readonly number[],
  entries: number,
): Result {
  const attributes = { ...typed("float", "element_dtype"), num_elements: { int: entries } };
  return scope.add({ op: "TensorListStack", output: "tensor", type: "float", attributes }, [
    list,
    integers(scope, entryShape),
  ]);
}

/** Applies an activation of a Network (src/network), by Keras's formula, to float32 of any shape. */
export function activate(scope: Scope, activation: Activation, value: Result): Result {
  const attributes = typed("float");
  switch (activation) {
    case "linear":
      return value;
    case "relu":
      return scope.add({ op: "Relu", output: "activations", attributes }, [value]);
    case "tanh":
      return scope.add({ op: "Tanh", output: "y", attributes }, [value]);
    case "sigmoid":
      return scope.add({ op: "Sigmoid", output: "y", attributes }, [value]);
    case "elu":
      return scope.add({ op: "Elu", output: "activations", attributes }, [value]);
    case "hardSigmoid":
      return clip01(scope, value, 0.2);
    case "hardSigmoidKeras3":
      return clip01(scope, value, 1 / 6);
    default: {
      const unknown: never = activation;
      throw new TypeError(`the tensorflow engine does not know the activation ${unknown}`);
    }
  }
}

/** clip(slope * value + 0.5, 0, 1). */
function clip01(scope: Scope, value: Result, slope: number): Result {
  const scalar = (number: number): Result => scope.constant("float", [], [number]);
  const line = add(scope, multiply(scope, value, scalar(slope)), scalar(0.5));
  return scope.add({ op: "ClipByValue", output: "output", attributes: typed("float") }, [
    line,
    scalar(0),
    scalar(1),
  ]);
}

function integers(scope: Scope, values: readonly number[]): Result {
  return scope.constant("int32", [values.length], values);
}
