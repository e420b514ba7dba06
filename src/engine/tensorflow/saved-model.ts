/** Writes a graph as saved_model.pb, with the signatures that name its inputs and outputs. */
import type { Result, Scope } from "./graph-builder.js";
import { DATA_TYPE, messages, shapeProto } from "./protobuf.js";

/** The version of the graph format (TF_GRAPH_DEF_VERSION), and the oldest reader that the graph allows. */
const GRAPH_DEF_PRODUCER = 1482;
const GRAPH_DEF_MIN_CONSUMER = 12;

/** The tag under which the graph is stored and loaded. */
export const SAVED_MODEL_TAG = "serve";

export interface SignatureTensor {
  readonly name: string;
  readonly result: Result;
  /** -1 for a dimension that varies from run to run. */
  readonly shape: readonly number[];
}

/** One program of the graph: the input it reads and the outputs it gives. */
export interface Signature {
  readonly name: string;
  readonly input: SignatureTensor;
  readonly outputs: readonly SignatureTensor[];
}

/**
 * @returns the bytes of saved_model.pb. The folder of a SavedModel whose weights are constants needs no other file.
 * @throws InputError where @tensorflow/tfjs-node-gpu is not installed.
 */
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
