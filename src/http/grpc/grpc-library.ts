/**
 * Loads @grpc/grpc-js and @grpc/proto-loader, which are installed where RESIDUA_GRPC_PORT is set. The compiler runs
 * without them, so what is used of them is declared here.
 */
import type { Http2Server } from "node:http2";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { InputError } from "../../errors.js";
import { bounded } from "./bounded-messages.js";
import { type Definitions, type FromDescriptors, inferCodecs, type MessageCodec } from "./infer-codec.js";

export interface Metadata {
  get(key: string): (string | Buffer)[];
  /** @param value bytes for a key that ends in `-bin`. */
  set(key: string, value: string | Buffer): void;
}

/** A call with one request and one response. */
export interface UnaryCall<Request> {
  readonly request: Request;
  readonly metadata: Metadata;
  /** Whether the caller cancelled, hung up, or let its deadline pass. */
  readonly cancelled: boolean;
  /** When the caller stops waiting: a time, or its milliseconds since 1970; Infinity where it does not say. */
  getDeadline(): Date | number;
  /** Address and port of the caller: `127.0.0.1:5000`, `::1:5000`. */
  getPeer(): string;
  sendMetadata(metadata: Metadata): void;
}

/** What a call ends with that is not a response. `code` is one of gRPC's. */
export interface Failure {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}
export type Answer<Response> = (failure: Failure | null, response?: Response) => void;
export type Handler = (call: UnaryCall<never>, answer: Answer<object>) => void;

/** A call of which the message may not have arrived. */
export interface ArrivingCall {
  sendStatus(failure: Failure): void;
  /** The stream of HTTP/2. The library keeps it to itself; a test fails where it has another name. */
  readonly stream: {
    on(event: "data", take: (piece: Buffer) => void): void;
    off(event: "data", take: (piece: Buffer) => void): void;
    once(event: "close", then: () => void): void;
    /** Ends it, once what was sent is on its way. */
    close(): void;
  };
}
/** Is called with each call before its message arrives. */
export type Interceptor = (method: { readonly path: string }, call: ArrivingCall) => ArrivingCall;

export interface Server {
  addService(service: object, handlers: Readonly<Record<string, Handler>>): void;
  bindAsync(address: string, credentials: object, done: (error: Error | null, port: number) => void): void;
  /** Takes no more calls; `done` is called when those under way have ended. */
  tryShutdown(done: (error?: Error) => void): void;
  /** Cancels what is under way. */
  forceShutdown(): void;
  /** The library keeps them to itself; a test fails where they have another name. */
  readonly http2Servers: ReadonlyMap<Http2Server, unknown>;
}

export interface ServerOptions {
  readonly "grpc.max_receive_message_length": number;
  readonly interceptors: readonly Interceptor[];
}
interface GrpcModule {
  readonly Server: new (options: ServerOptions) => Server;
  readonly ServerCredentials: { createInsecure(): object };
  readonly Metadata: new () => Metadata;
}
interface MethodDefinition {
  readonly requestDeserialize: (bytes: Buffer) => object;
}
interface ProtoLoader {
  loadSync(files: string[], options: object): Definitions;
  readonly loadFileDescriptorSetFromObject: FromDescriptors;
}

export interface GrpcLibrary extends GrpcModule {
  /** The service of the protocol. */
  readonly service: object;
  /** Writes a message of `error-details.proto`. @param type its full name. */
  serialize(type: string, message: object): Buffer;
}

/** The files are read from the sources, beside which the build lies. */
const FILES = ["open-inference.proto", "error-details.proto"].map((name) =>
  fileURLToPath(new URL(`../../../../src/http/grpc/${name}`, import.meta.url)),
);

/** @throws InputError where the packages are not installed. */
export function loadGrpc(): GrpcLibrary {
  const { grpc, loader } = loadPackages();
  const options = { keepCase: true, longs: Number, defaults: true, oneofs: true };
  const definitions = loader.loadSync(FILES, options);
  const service = definitions["inference.GRPCInferenceService"] as Readonly<Record<string, MethodDefinition>>;
  const { request, response } = inferCodecs(definitions, loader.loadFileDescriptorSetFromObject, options);
  const methods = Object.entries(service).map(([name, method]) => {
    const requestDeserialize = bounded(method.requestDeserialize, false);
    return [name, { ...method, requestDeserialize }];
  });
  const infer = {
    ...service["ModelInfer"],
    requestDeserialize: bounded(request.deserialize, true),
    responseSerialize: response.serialize,
  };
  return {
    Server: grpc.Server,
    ServerCredentials: grpc.ServerCredentials,
    Metadata: grpc.Metadata,
    service: { ...Object.fromEntries(methods), ModelInfer: infer },
    serialize: (type, message) => (definitions[type] as MessageCodec).serialize(message),
  };
}

function loadPackages(): { grpc: GrpcModule; loader: ProtoLoader } {
  const require = createRequire(import.meta.url);
  try {
    return {
      grpc: require("@grpc/grpc-js") as GrpcModule,
      loader: require("@grpc/proto-loader") as ProtoLoader,
    };
  } catch (cause) {
    throw new InputError(
      "RESIDUA_GRPC_PORT needs the packages @grpc/grpc-js and @grpc/proto-loader, which are not installed: start with npm start, or run node src/setup.mjs.",
      { cause },
    );
  }
}
