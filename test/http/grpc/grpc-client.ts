/** A client of the service's gRPC port, made with @grpc/grpc-js from the same .proto files. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { repository } from "../../server-process.js";

const require = createRequire(import.meta.url);

interface ClientMetadata {
  get(key: string): (string | Buffer)[];
  set(key: string, value: string): void;
}
export interface CallError extends Error {
  readonly code: number;
  readonly details: string;
  readonly metadata: ClientMetadata;
}
interface Options {
  /** Milliseconds since 1970. */
  readonly deadline?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}
export interface PendingCall<Response> {
  readonly response: Promise<Response>;
  cancel(): void;
}
export interface GrpcClient {
  /** Begins a call; its response rejects with a CallError. */
  begin<Response>(method: string, request: object, options?: Options): PendingCall<Response>;
  call<Response>(method: string, request?: object, options?: Options): Promise<Response>;
  /** The error that a call ends with. */
  refused(method: string, request: object, options?: Options): Promise<CallError>;
}

interface Stub extends Readonly<Record<string, unknown>> {
  close(): void;
}
type UnaryMethod = (
  this: Stub,
  request: object,
  metadata: ClientMetadata,
  options: { deadline?: number },
  done: (error: CallError | null, response: unknown) => void,
) => { cancel(): void };

const grpc = require("@grpc/grpc-js") as {
  readonly credentials: { createInsecure(): object };
  readonly Metadata: new () => ClientMetadata;
  loadPackageDefinition(definition: object): {
    readonly inference: {
      readonly GRPCInferenceService: new (address: string, credentials: object) => Stub;
    };
  };
};
const loader = require("@grpc/proto-loader") as {
  loadSync(
    files: string[],
    options: object,
  ): Readonly<Record<string, { deserialize(bytes: Buffer): { details: { value: Buffer }[] } }>>;
};
const definition = loader.loadSync(
  ["open-inference", "error-details"].map((name) => join(repository, "src", "http", "grpc", `${name}.proto`)),
  { keepCase: true, longs: Number, defaults: true },
);
const { GRPCInferenceService } = grpc.loadPackageDefinition(definition).inference;

export function connect(t: TestContext, port: number): GrpcClient {
  const stub = new GRPCInferenceService(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  t.after(() => stub.close());
  const begin = <Response>(method: string, request: object, options: Options = {}): PendingCall<Response> => {
    const metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries(options.metadata ?? {})) metadata.set(name, value);
    let cancel = (): void => undefined;
    const response = new Promise<Response>((resolve, reject) => {
      const { deadline } = options;
      const settings = deadline === undefined ? {} : { deadline };
      const call = (stub[method] as UnaryMethod).call(stub, request, metadata, settings, (error, value) =>
        error === null ? resolve(value as Response) : reject(error),
      );
      cancel = () => call.cancel();
    });
    return { response, cancel };
  };
  return {
    begin,
    call: (method, request = {}, options) => begin<never>(method, request, options).response,
    async refused(method, request, options) {
      try {
        await begin(method, request, options).response;
      } catch (error) {
        return error as CallError;
      }
      return assert.fail(`${method} was answered`);
    },
  };
}

/** The details of an error: its code as REST gives it, and the seconds after which to try again. */
export function detailsOf({ metadata }: CallError): { reason: string; retrySeconds: number | undefined } {
  const read = (type: string, bytes: Buffer) => definition[`google.rpc.${type}`]!.deserialize(bytes);
  const [info, retry] = read("Status", metadata.get("grpc-status-details-bin")[0] as Buffer).details;
  const { reason } = read("ErrorInfo", info!.value) as unknown as { reason: string };
  const delay =
    retry === undefined
      ? undefined
      : (read("RetryInfo", retry.value) as unknown as { retry_delay: { seconds: number } }).retry_delay;
  return { reason, retrySeconds: delay?.seconds };
}
