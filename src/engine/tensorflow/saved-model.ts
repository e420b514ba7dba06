/** A graph as the bytes of saved_model.pb, with the signatures that name inputs and outputs. */
import type { Result, Scope } from "./graph-builder.js";
import { DATA_TYPE, messages, shapeProto } from "./protobuf.js";

/** The graph-def version that TensorFlow 2.x reads (TF_GRAPH_DEF_VERSION and its least consumer). */
const GRAPH_DEF_PRODUCER = 1482;
const GRAPH_DEF_MIN_CONSUMER = 12;

export const SAVED_MODEL_TAG = "serve";

export interface SignatureTensor {
  readonly name: string;
  readonly result: Result;
  /** -1 where it varies. */
  readonly shape: readonly number[];
}

export interface Signature {
  readonly name: string;
  readonly input: SignatureTensor;
  readonly outputs: readonly SignatureTensor[];
}

/** @returns saved_model.pb; a SavedModel whose weights are constants needs no other file. */
export function writeSavedModel(scope: Scope, signatures: readonly Signature[]): Uint8Array {
  const proto = messages();
  const versions = new proto.VersionDef();
  versions.setProducer(GRAPH_DEF_PRODUCER);
  versions.setMinConsumer(GRAPH_DEF_MIN_CONSUMER);
  const library = new proto.FunctionDefLibrary();
  library.setFunctionList(scope.functions);
  const graph = new proto.GraphDef();
  graph.setNodeList(scope.nodes);
  graph.setLibrary(library);
  graph.setVersions(versions);

  const tensorInfo = ({ result, shape }: SignatureTensor) => {
    const info = new proto.TensorInfo();
    info.setName(`${result.node}:${result.index}`);
    info.setDtype(DATA_TYPE[result.type]);
    info.setTensorShape(shapeProto(shape));
    return info;
  };
  const info = new proto.MetaGraphDef.MetaInfoDef();
  info.setTagsList([SAVED_MODEL_TAG]);
  const metaGraph = new proto.MetaGraphDef();
  metaGraph.setMetaInfoDef(info);
  metaGraph.setGraphDef(graph);
  for (const { name, input, outputs } of signatures) {
    const signature = new proto.SignatureDef();
    signature.setMethodName("tensorflow/serving/predict");
    signature.getInputsMap().set(input.name, tensorInfo(input));
    for (const output of outputs) signature.getOutputsMap().set(output.name, tensorInfo(output));
    metaGraph.getSignatureDefMap().set(name, signature);
  }

  const model = new proto.SavedModel();
  model.setSavedModelSchemaVersion(1);
  model.setMetaGraphsList([metaGraph]);
  return model.serializeBinary();
}
