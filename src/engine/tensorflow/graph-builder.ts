/**
 * Builds a TensorFlow graph node by node: the graph itself, and the functions that loops and XLA run.
 *
 * TensorFlow names a result `node:i` in a graph and `node:argument:i` in a function. Every op used here has one output
 * argument, so a `Result` carries both, and the scope that reads it writes the name it needs.
 */
import type { DataType, FunctionDef, NodeDef, TensorProto } from "./protobuf.js";
import { DATA_TYPE, messages, shapeProto } from "./protobuf.js";

/** One tensor that a node computes. */
export interface Result {
  readonly node: string;
  /** The name of the op's output argument; `undefined` for a parameter of the function. */
  readonly argument: string | undefined;
  readonly index: number;
  readonly type: DataType;
}

export type Attribute =
  | { readonly type: DataType }
  | { readonly types: readonly DataType[] }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly shape: readonly number[] | undefined }
  | { readonly shapes: readonly (readonly number[] | undefined)[] }
  | { readonly tensor: TensorProto }
  | { readonly function: string };

/** An op with its attributes, and the name of its one output argument as in TensorFlow's op registry. */
export interface Operation {
  readonly op: string;
  readonly output: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** The type of the result; by default that of the first input. */
  readonly type?: DataType;
}

/** A graph, or the body of a function. */
export class Scope {
  readonly nodes: NodeDef[] = [];
  /** The functions of the whole graph; a graph and the scopes in it share one list. */
  readonly functions: FunctionDef[];
  private readonly inFunction: boolean;
  private readonly counts = new Map<string, number>();

  constructor(functions: FunctionDef[], inFunction: boolean) {
    this.functions = functions;
    this.inFunction = inFunction;
  }

  /** Adds a node with one result. A name that is taken gets a number. */
  add(operation: Operation, inputs: readonly Result[], name = operation.op): Result {
    return this.addMany(operation, inputs, [operation.type ?? inputs[0]?.type ?? "float"], name)[0]!;
  }

  /** Adds a node whose output argument is a list of the given types. */
  addMany(
    operation: Operation,
    inputs: readonly Result[],
    types: readonly DataType[],
    name = operation.op,
  ): Result[] {
    const proto = messages();
    const node = new proto.NodeDef();
    const unique = this.uniqueName(name);
    node.setName(unique);
    node.setOp(operation.op);
    node.setInputList(inputs.map((input) => this.reference(input)));
    for (const [key, attribute] of Object.entries(operation.attributes ?? {})) {
      node.getAttrMap().set(key, attrValue(attribute));
    }
    this.nodes.push(node);
    return types.map((type, index) => ({ node: unique, argument: operation.output, index, type }));
  }

  /** Adds a constant of its own for each call, so that XLA can fold it into the op that reads it. */
  constant(
    type: "float" | "int32",
    shape: readonly number[],
    data: ArrayLike<number>,
    name = "Const",
  ): Result {
    const content = type === "float" ? Float32Array.from(data) : Int32Array.from(data);
    return this.constantBytes(type, shape, new Uint8Array(content.buffer), name);
  }

  /** Adds a constant from its little-endian bytes, which are not copied. */
  constantBytes(
    type: "float" | "int32",
    shape: readonly number[],
    content: Uint8Array,
    name = "Const",
  ): Result {
    const tensor = new (messages().Tensor)();
    tensor.setDtype(DATA_TYPE[type]);
    tensor.setTensorShape(shapeProto(shape));
    tensor.setTensorContent(content);
    return this.add(
      { op: "Const", output: "output", type, attributes: { dtype: { type }, value: { tensor } } },
      [],
      name,
    );
  }

  /** The name of a result as an input of a node, or as a returned value, in this scope. */
  reference(result: Result): string {
    if (!this.inFunction) return result.index === 0 ? result.node : `${result.node}:${result.index}`;
    return result.argument === undefined ? result.node : `${result.node}:${result.argument}:${result.index}`;
  }

  private uniqueName(name: string): string {
    // TensorFlow allows letters, digits and a few signs; the name of a layer may hold any character.
    const clean = name.replace(/[^A-Za-z0-9_./-]/g, "_").replace(/^[^A-Za-z0-9.]/, "n_");
    const count = this.counts.get(clean) ?? 0;
    this.counts.set(clean, count + 1);
    return count === 0 ? clean : this.uniqueName(`${clean}__${count}`);
  }
}

/**
 * Adds a function to a graph.
 * @param outer any scope of the graph.
 * @param types the types of the parameters.
 * @param build adds the body, and returns the results that the function returns.
 * @returns the name of the function.
 */
export function defineFunction(
  outer: Scope,
  name: string,
  types: readonly DataType[],
  build: (scope: Scope, parameters: readonly Result[]) => readonly Result[],
  attributes: Readonly<Record<string, Attribute>> = {},
): string {
  const proto = messages();
  const unique = `${name.replace(/[^A-Za-z0-9_]/g, "_")}_${outer.functions.length}`;
  const definition = new proto.FunctionDef();
  outer.functions.push(definition);
  const scope = new Scope(outer.functions, true);
  const parameters = types.map((type, i) => ({ node: `p${i}`, argument: undefined, index: 0, type }));
  const results = build(scope, parameters);
  const argument = (label: string, type: DataType) => {
    const definitionOfArgument = new proto.OpDef.ArgDef();
    definitionOfArgument.setName(label);
    definitionOfArgument.setType(DATA_TYPE[type]);
    return definitionOfArgument;
  };
  const signature = new proto.OpDef();
  signature.setName(unique);
  signature.setInputArgList(parameters.map(({ node, type }) => argument(node, type)));
  signature.setOutputArgList(results.map(({ type }, i) => argument(`r${i}`, type)));
  definition.setSignature(signature);
  definition.setNodeDefList(scope.nodes);
  for (const [key, attribute] of Object.entries(attributes)) {
    definition.getAttrMap().set(key, attrValue(attribute));
  }
  results.forEach((result, i) => {
    definition.getRetMap().set(`r${i}`, scope.reference(result));
  });
  return unique;
}

function attrValue(attribute: Attribute) {
  const proto = messages();
  const value = new proto.AttrValue();
  const list = new proto.AttrValue.ListValue();
  if ("type" in attribute) value.setType(DATA_TYPE[attribute.type]);
  else if ("int" in attribute) value.setI(attribute.int);
  else if ("float" in attribute) value.setF(attribute.float);
  else if ("bool" in attribute) value.setB(attribute.bool);
  else if ("text" in attribute) value.setS(new TextEncoder().encode(attribute.text));
  else if ("shape" in attribute) value.setShape(shapeProto(attribute.shape));
  else if ("tensor" in attribute) value.setTensor(attribute.tensor);
  else if ("function" in attribute) {
    const name = new proto.NameAttrList();
    name.setName(attribute.function);
    value.setFunc(name);
  } else {
    if ("types" in attribute) list.setTypeList(attribute.types.map((type) => DATA_TYPE[type]));
    else if ("ints" in attribute) list.setIList(attribute.ints);
    else if ("shapes" in attribute) list.setShapeList(attribute.shapes.map(shapeProto));
    else {
      const unknown: never = attribute;
      throw new TypeError(`no attribute of TensorFlow's: ${JSON.stringify(unknown)}`);
    }
    value.setList(list);
  }
  return value;
}
