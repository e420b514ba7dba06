/**
 * Runs the SavedModels of the tensorflow engine in plain float64, so that tests check what a graph computes without
 * TensorFlow. It also counts the multiply-adds of the matrix products.
 */
import { messages } from "../../../src/engine/tensorflow/protobuf.js";
import { runCudnn } from "./cudnn-reference.js";
import type { Value } from "./tensor-ops.js";
import {
  concatenate,
  entries,
  map,
  matMul,
  meanOfRows,
  reshape,
  slice,
  swapFirstAxes,
  tile,
  volume,
  zip,
} from "./tensor-ops.js";

interface AttributeObject {
  readonly i: number;
  readonly b: boolean;
  /** Base64. */
  readonly s: string;
  readonly tensor?: {
    readonly dtype: number;
    readonly tensorShape: ShapeObject;
    readonly tensorContent: string;
  };
  readonly func?: { readonly name: string };
}
interface ShapeObject {
  readonly dimList: readonly { readonly size: number }[];
}
interface NodeObject {
  readonly name: string;
  readonly op: string;
  readonly inputList: readonly string[];
  readonly attrMap: readonly (readonly [string, AttributeObject])[];
}
interface FunctionObject {
  readonly signature: {
    readonly name: string;
    readonly inputArgList: readonly { readonly name: string }[];
    readonly outputArgList: readonly { readonly name: string }[];
  };
  readonly nodeDefList: readonly NodeObject[];
  readonly retMap: readonly (readonly [string, string])[];
}
interface GraphObject {
  readonly nodeList: readonly NodeObject[];
  readonly library: { readonly functionList: readonly FunctionObject[] };
}

interface MetaGraphObject {
  readonly graphDef: GraphObject;
  readonly signatureDefMap: readonly (readonly [
    string,
    { readonly outputsMap: readonly (readonly [string, { readonly name: string }])[] },
  ])[];
}

export interface Interpretation {
  /** By output name. */
  readonly outputs: ReadonlyMap<string, Value>;
  /** Multiply-adds of all matrix products. */
  readonly multiplyAdds: number;
  readonly ops: ReadonlyMap<string, number>;
}

/**
 * @param windows the value of the placeholder.
 * @param signature the program to run.
 * @param outputs the names of the outputs to compute.
 */
export function interpret(
  savedModel: Uint8Array,
  windows: Value,
  signature: string,
  outputs: readonly string[],
): Interpretation {
  const model = messages().SavedModel.deserializeBinary(savedModel) as unknown as {
    toObject(): { metaGraphsList: readonly MetaGraphObject[] };
  };
  const metaGraph = model.toObject().metaGraphsList[0]!;
  const graph = metaGraph.graphDef;
  const named = new Map(new Map(metaGraph.signatureDefMap).get(signature)!.outputsMap);
  const interpreter = new Interpreter(graph, windows);
  const scope = interpreter.scope(graph.nodeList, new Map());
  const values = outputs.map((name) => [name, scope(named.get(name)!.name)] as const);
  return { outputs: new Map(values), multiplyAdds: interpreter.multiplyAdds, ops: interpreter.ops };
}

class Interpreter {
  multiplyAdds = 0;
  readonly ops = new Map<string, number>();
  private readonly functions: ReadonlyMap<string, FunctionObject>;
  private readonly windows: Value;

  constructor(graph: GraphObject, windows: Value) {
    this.functions = new Map(graph.library.functionList.map((entry) => [entry.signature.name, entry]));
    this.windows = windows;
  }

  /** A function that computes a tensor of the nodes by its name: `node`, `node:1` in a graph, `node:argument:1` in a function. */
  scope(nodes: readonly NodeObject[], parameters: ReadonlyMap<string, Value>): (name: string) => Value {
    const byName = new Map(nodes.map((node) => [node.name, node]));
    const done = new Map<string, readonly Value[]>();
    const get = (reference: string): Value => {
      const [name = "", ...rest] = reference.split(":");
      const parameter = parameters.get(name);
      if (parameter !== undefined) return parameter;
      let values = done.get(name);
      if (values === undefined) {
        const node = byName.get(name);
        if (node === undefined) throw new Error(`the graph has no node ${name}`);
        values = this.evaluate(node, node.inputList.map(get));
        done.set(name, values);
      }
      const value = values[Number(rest.at(-1) ?? 0)];
      if (value === undefined) throw new Error(`the graph has no result ${reference}`);
      return value;
    };
    return get;
  }

  private call(name: string, values: readonly Value[]): Value[] {
    const definition = this.functions.get(name);
    if (definition === undefined) throw new Error(`the graph has no function ${name}`);
    const { inputArgList, outputArgList } = definition.signature;
    if (inputArgList.length !== values.length) throw new Error(`${name} takes ${inputArgList.length} values`);
    const get = this.scope(
      definition.nodeDefList,
      new Map(inputArgList.map((argument, i) => [argument.name, values[i]!])),
    );
    const returned = new Map(definition.retMap);
    return outputArgList.map((argument) => get(returned.get(argument.name)!));
  }

  private evaluate(node: NodeObject, inputs: readonly Value[]): readonly Value[] {
    const attributes = new Map(node.attrMap);
    const [a, b, c] = inputs;
    this.ops.set(node.op, (this.ops.get(node.op) ?? 0) + 1);
    switch (node.op) {
      case "Placeholder":
        return [this.windows];
      case "Const":
        return [constant(attributes.get("value")!)];
      case "Bitcast":
      case "Identity":
        return [a!];
      case "PartitionedCall":
        return this.call(attributes.get("f")!.func!.name, inputs);
      case "StatelessWhile": {
        let state = inputs;
        const [cond, body] = ["cond", "body"].map((name) => attributes.get(name)!.func!.name);
        while (this.call(cond!, state)[0]!.data[0] === 1) state = this.call(body!, state);
        return state;
      }
      case "MatMul": {
        const product = matMul(a!, b!, attributes.get("transpose_b")?.b === true);
        this.multiplyAdds += product.data.length * a!.shape[1]!;
        return [product];
      }
      case "BiasAdd":
        return [zip(a!, b!, (x, y) => x + y)];
      case "AddV2":
        return [zip(a!, b!, (x, y) => x + y)];
      case "Sub":
        if (a!.data.length === 1) return [map(b!, (y) => a!.data[0]! - y)];
        return [zip(a!, b!, (x, y) => x - y)];
      case "Mul":
        return [zip(a!, b!, (x, y) => x * y)];
      case "Mean": {
        const width = a!.shape.at(-1)!;
        if (b!.data.join() !== String(a!.shape.length - 1)) throw new Error("only rows are averaged");
        return [meanOfRows(a!, width)];
      }
      case "Rsqrt":
        return [map(a!, (x) => 1 / Math.sqrt(x))];
      case "Less":
        return [zip(a!, b!, (x, y) => Number(x < y))];
      case "ClipByValue":
        return [map(a!, (x) => Math.min(Math.max(x, b!.data[0]!), c!.data[0]!))];
      case "Relu":
        return [map(a!, (x) => Math.max(0, x))];
      case "Elu":
        return [map(a!, (x) => (x > 0 ? x : Math.expm1(x)))];
      case "Tanh":
        return [map(a!, Math.tanh)];
      case "Sigmoid":
        return [map(a!, (x) => 1 / (1 + Math.exp(-x)))];
      case "Reshape":
        return [reshape(a!, b!.data)];
      case "Transpose":
        if (b!.data.join() !== "1,0,2") throw new Error("only the first two axes are swapped");
        return [swapFirstAxes(a!)];
      case "Slice":
        return [slice(a!, b!.data, c!.data)];
      case "Split": {
        const parts = attributes.get("num_split")!.i;
        const axis = a!.data[0]!;
        const size = b!.shape[axis]! / parts;
        return Array.from({ length: parts }, (_, i) => {
          const begin = b!.shape.map((_, at) => (at === axis ? i * size : 0));
          return slice(
            b!,
            begin,
            b!.shape.map((length, at) => (at === axis ? size : length)),
          );
        });
      }
      case "ConcatV2":
        return [concatenate(inputs.slice(0, -1), inputs.at(-1)!.data[0]!)];
      case "Tile":
        return [tile(a!, b!.data)];
      case "GatherV2":
        return [entries(a!)[b!.data[0]!]!];
      case "Shape":
        return [{ shape: [a!.shape.length], data: a!.shape }];
      case "Fill":
        return [{ shape: a!.data, data: new Array<number>(volume(a!.data)).fill(b!.data[0]!) }];
      case "CudnnRNNV3":
        if (attributes.get("is_training")?.b !== false) throw new Error("the op would keep all timesteps");
        return runCudnn(Buffer.from(attributes.get("rnn_mode")!.s, "base64").toString(), inputs);
      case "TensorListFromTensor":
        return [{ shape: [], data: [], entries: entries(a!) }];
      case "TensorListSetItem":
        return [{ shape: [], data: [], entries: a!.entries!.with(b!.data[0]!, c!) }];
      case "TensorListStack": {
        const list = a!.entries!;
        return [{ shape: [list.length, ...list[0]!.shape], data: list.flatMap(({ data }) => data) }];
      }
      default:
        throw new Error(`the interpreter does not know op ${node.op}`);
    }
  }
}

function constant(attribute: AttributeObject): Value {
  const { dtype, tensorShape, tensorContent } = attribute.tensor!;
  const bytes = Uint8Array.from(Buffer.from(tensorContent, "base64"));
  const numbers = dtype === 1 ? new Float32Array(bytes.buffer) : new Int32Array(bytes.buffer);
  const shape = tensorShape.dimList.map(({ size }) => size);
  if (numbers.length !== volume(shape))
    throw new Error(`a constant has ${numbers.length} numbers for shape [${shape}]`);
  return { shape, data: [...numbers] };
}
