/**
 * The protocol buffer messages of a TensorFlow graph. @tensorflow/tfjs-node-gpu has their classes, to read SavedModels;
 * the same classes write, and need no native addon.
 *
 * The generated file has no types, so the interfaces below declare the setters that are used here.
 */
import { createRequire } from "node:module";
import { InputError } from "../../errors.js";

/** The data types used here, with their numbers in TensorFlow's enum DataType. */
export const DATA_TYPE = { float: 1, int32: 3, bool: 10, variant: 21 } as const;
export type DataType = keyof typeof DATA_TYPE;

export interface ProtoMap<V> {
  set(key: string, value: V): void;
}
export interface ShapeProto {
  addDim(): { setSize(size: number): void };
  setUnknownRank(unknown: boolean): void;
}
export interface TensorProto {
  setDtype(type: number): void;
  setTensorShape(shape: ShapeProto): void;
  setTensorContent(content: Uint8Array): void;
}
export interface NameAttrList {
  setName(name: string): void;
}
export interface AttrList {
  setTypeList(types: readonly number[]): void;
  setIList(values: readonly number[]): void;
  setShapeList(shapes: readonly ShapeProto[]): void;
}
export interface AttrValue {
  setList(list: AttrList): void;
  setS(text: Uint8Array): void;
  setI(value: number): void;
  setF(value: number): void;
  setB(value: boolean): void;
  setType(type: number): void;
  setShape(shape: ShapeProto): void;
  setTensor(tensor: TensorProto): void;
  setFunc(name: NameAttrList): void;
}
export interface NodeDef {
  setName(name: string): void;
  setOp(op: string): void;
  setInputList(inputs: readonly string[]): void;
  getAttrMap(): ProtoMap<AttrValue>;
}
export interface ArgDef {
  setName(name: string): void;
  setType(type: number): void;
}
export interface OpDef {
  setName(name: string): void;
  setInputArgList(list: readonly ArgDef[]): void;
  setOutputArgList(list: readonly ArgDef[]): void;
}
export interface FunctionDef {
  setSignature(signature: OpDef): void;
  setNodeDefList(nodes: readonly NodeDef[]): void;
  getAttrMap(): ProtoMap<AttrValue>;
  getRetMap(): ProtoMap<string>;
}
export interface FunctionDefLibrary {
  setFunctionList(list: readonly FunctionDef[]): void;
}
export interface VersionDef {
  setProducer(version: number): void;
  setMinConsumer(version: number): void;
}
export interface GraphDef {
  setNodeList(nodes: readonly NodeDef[]): void;
  setLibrary(library: FunctionDefLibrary): void;
  setVersions(versions: VersionDef): void;
}
export interface TensorInfo {
  setName(name: string): void;
  setDtype(type: number): void;
  setTensorShape(shape: ShapeProto): void;
}
export interface SignatureDef {
  getInputsMap(): ProtoMap<TensorInfo>;
  getOutputsMap(): ProtoMap<TensorInfo>;
  setMethodName(name: string): void;
}
export interface MetaInfoDef {
  setTagsList(tags: readonly string[]): void;
}
export interface MetaGraphDef {
  setMetaInfoDef(info: MetaInfoDef): void;
  setGraphDef(graph: GraphDef): void;
  getSignatureDefMap(): ProtoMap<SignatureDef>;
}
export interface SavedModel {
  setSavedModelSchemaVersion(version: number): void;
  setMetaGraphsList(graphs: readonly MetaGraphDef[]): void;
  serializeBinary(): Uint8Array;
}

export interface Messages {
  readonly TensorShape: new () => ShapeProto;
  readonly Tensor: new () => TensorProto;
  readonly NameAttrList: new () => NameAttrList;
  readonly AttrValue: (new () => AttrValue) & { readonly ListValue: new () => AttrList };
  readonly NodeDef: new () => NodeDef;
  readonly OpDef: (new () => OpDef) & { readonly ArgDef: new () => ArgDef };
  readonly FunctionDef: new () => FunctionDef;
  readonly FunctionDefLibrary: new () => FunctionDefLibrary;
  readonly VersionDef: new () => VersionDef;
  readonly GraphDef: new () => GraphDef;
  readonly TensorInfo: new () => TensorInfo;
  readonly SignatureDef: new () => SignatureDef;
  readonly MetaGraphDef: (new () => MetaGraphDef) & { readonly MetaInfoDef: new () => MetaInfoDef };
  readonly SavedModel: (new () => SavedModel) & { deserializeBinary(bytes: Uint8Array): SavedModel };
}

let loaded: Messages | undefined;

/**
 * The message classes.
 *
 * @throws InputError where @tensorflow/tfjs-node-gpu is not installed.
 */
export function messages(): Messages {
  if (loaded === undefined) {
    try {
      const require = createRequire(import.meta.url);
      loaded = require("@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js") as Messages;
    } catch (cause) {
      throw new InputError(
        "@tensorflow/tfjs-node-gpu is not installed, so no TensorFlow graph can be written; run npm ci --include=optional.",
        { cause },
      );
    }
  }
  return loaded;
}

/** A shape as a message; `undefined` for an unknown rank, -1 for an unknown dimension. */
export function shapeProto(shape: readonly number[] | undefined): ShapeProto {
  const proto = new (messages().TensorShape)();
  if (shape === undefined) proto.setUnknownRank(true);
  for (const size of shape ?? []) proto.addDim().setSize(size);
  return proto;
}
