/**
 * The Open Inference Protocol, version 2, over gRPC, on a port of its own. It has the models, the queue, the tokens and
 * the limits of the REST routes under /v2, and refuses and drains as they do.
 */
import { isIPv6 } from "node:net";
import type { Logger } from "pino";
import type { Config } from "../../config.js";
import { ClientGoneError, ERRORS, InputError, ResiduaError } from "../../errors.js";
import type { Lifecycle } from "../../serving/lifecycle.js";
import type { Metrics } from "../../serving/metrics.js";
import type { BodyBudget } from "../body-budget.js";
import { describeServer, modelMetadata, repositoryIndex } from "../inference/metadata.js";
import { tokenCheck } from "../plugins/auth.js";
import { toResiduaError } from "../problem.js";
import { requestIdSource } from "../request-id.js";
import { checkReady } from "../routes/health.js";
import { TIMEOUTS, type Timeouts } from "../timeouts.js";
import type { RequestTrace } from "../tracing/request-trace.js";
import type { TracedRequest, Tracing } from "../tracing/tracing.js";
import { MOST_OTHER_BYTES, RefusedMessage } from "./bounded-messages.js";
import { countUploads } from "./counted-uploads.js";
import { type Answer, type Handler, loadGrpc, type Server, type UnaryCall } from "./grpc-library.js";
import { GRPC_STATUS, grpcCode, grpcFailure } from "./grpc-status.js";
import { type Caller, type InferServices, infer } from "./infer-call.js";
import type { InferRequestMessage, ModelNameMessage } from "./messages.js";
import { QuietConnections } from "./quiet-connections.js";

export interface GrpcOptions extends InferServices {
  readonly config: Config;
  readonly port: number;
  /** The program's version. */
  readonly version: string;
  readonly log: Logger;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly tracing: Tracing | undefined;
  /** Counts the messages that arrive, beside the bodies of other requests. */
  readonly budget: BodyBudget;
  readonly timeouts?: Partial<Timeouts> | undefined;
}

const SERVICE = "/inference.GRPCInferenceService/";
/** The status in log and metrics of a call whose client cancelled it or hung up. */
const CLIENT_CLOSED_REQUEST = 499;

/** How a call is answered. @param isProbe answered without a token, and while draining. */
interface Method {
  readonly answer: (request: never, caller: Caller) => object | Promise<object>;
  readonly isProbe?: boolean;
}

export class GrpcServer {
  readonly port: number;
  readonly #server: Server;
  readonly #connections: QuietConnections;

  private constructor(server: Server, connections: QuietConnections, port: number) {
    this.#server = server;
    this.#connections = connections;
    this.port = port;
  }

  /**
   * Resolves when the port takes calls.
   * @throws InputError where the packages are not installed, or the port cannot be had.
   */
  static async start(options: GrpcOptions): Promise<GrpcServer> {
    const grpc = loadGrpc();
    const { requestMs, keepAliveMs } = { ...TIMEOUTS, ...options.timeouts };
    const server = new grpc.Server({
      "grpc.max_receive_message_length": options.config.RESIDUA_BODY_LIMIT_BYTES + MOST_OTHER_BYTES,
      interceptors: [countUploads({ ...options, requestMs }, grpc)],
    });
    server.addService(grpc.service, handlers(options, grpc));
    const { HOST } = options.config;
    const address = `${isIPv6(HOST) ? `[${HOST}]` : HOST}:${options.port}`;
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, port) => {
        if (error === null) return resolve(port);
        reject(new InputError(`RESIDUA_GRPC_PORT cannot be listened on: ${error.message}.`));
      });
    });
    const connections = new QuietConnections(
      keepAliveMs,
      options.config.RESIDUA_WRITE_TIMEOUT_SECONDS * 1000,
    );
    for (const own of server.http2Servers.keys()) connections.watch(own);
    options.log.info({}, `listening for gRPC on ${address.replace(/\d+$/, String(port))}`);
    return new GrpcServer(server, connections, port);
  }

  /** Takes no new calls. Resolves when those under way have ended. */
  drain(): Promise<void> {
    return new Promise((resolve) => this.#server.tryShutdown(() => resolve()));
  }

  /** Cancels the calls that are still under way, and ends all connections. */
  close(): void {
    this.#server.forceShutdown();
    this.#connections.close();
  }
}

function methods({ version, lifecycle, models, scoring }: GrpcOptions): Readonly<Record<string, Method>> {
  return {
    ServerLive: { isProbe: true, answer: () => ({ live: true }) },
    ServerReady: {
      isProbe: true,
      answer: () => ({ ready: holds(() => checkReady(lifecycle, () => models.problems())) }),
    },
    ModelReady: {
      answer: ({ name, version }: ModelNameMessage) => ({
        ready: holds(() => models.acquire(name, { version: version || undefined }).release()),
      }),
    },
    ServerMetadata: { answer: () => describeServer(version) },
    ModelMetadata: {
      answer: ({ name, version }: ModelNameMessage) => modelMetadata(models, name, version || undefined),
    },
    ModelInfer: {
      answer: (message: InferRequestMessage, caller) => infer({ models, scoring }, message, caller),
    },
    RepositoryIndex: {
      answer: ({ ready }: { ready: boolean }) => ({ models: repositoryIndex(models, ready) }),
    },
  };
}

/** Whether a check passes: the protocol's readiness is a yes or a no. */
function holds(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof ResiduaError) return false;
    throw error;
  }
}

function handlers(options: GrpcOptions, grpc: ReturnType<typeof loadGrpc>): Record<string, Handler> {
  const { config, log, lifecycle, metrics, tracing } = options;
  const { RESIDUA_API_TOKEN: apiToken, RESIDUA_ADMIN_TOKEN: adminToken } = config;
  const isKnown = apiToken === undefined ? undefined : tokenCheck([apiToken, adminToken]);
  const idOf = requestIdSource();

  const check = (call: UnaryCall<unknown>): void => {
    if (lifecycle.phase === "draining") {
      throw new ResiduaError("SHUTTING_DOWN", "The service is shutting down; another one will take this.");
    }
    if (isKnown?.(headerOf(call, "authorization")) === false) {
      throw new ResiduaError(
        "UNAUTHORIZED",
        'This call needs an API token, sent as metadata "authorization: Bearer TOKEN".',
      );
    }
  };

  const handle = async (path: string, method: Method, call: UnaryCall<never>, answer: Answer<object>) => {
    const startedAtMs = performance.now();
    const id = idOf({ headers: { "x-request-id": headerOf(call, "x-request-id") } });
    const initial = new grpc.Metadata();
    initial.set("x-request-id", id);
    call.sendMetadata(initial);
    const trace = method.isProbe === true ? undefined : tracing?.begin(headerOf(call, "traceparent"));
    const caller = callerOf(call, trace);
    const [code, status] = await respond(method, call, caller, answer, id);
    if (trace !== undefined) tracing?.end(trace, describe(path, code, id));
    const seconds = (performance.now() - startedAtMs) / 1000;
    metrics.requested("POST", path, status, seconds);
    if (status === CLIENT_CLOSED_REQUEST) metrics.clientGone("POST", path);
    const gone = status === CLIENT_CLOSED_REQUEST ? { code: "client_gone" } : {};
    const level = method.isProbe === true ? "debug" : "info";
    const ms = Math.round(seconds * 1e6) / 1e3;
    log[level]({ reqId: id, method: "POST", path, status, grpcStatus: code, ms, ...gone });
  };

  /** Answers a call; its code, and the HTTP status that means the same. */
  const respond = async (
    method: Method,
    call: UnaryCall<never>,
    caller: Caller,
    answer: Answer<object>,
    id: string,
  ): Promise<[code: number, status: number]> => {
    lifecycle.requestBegan();
    try {
      if (method.isProbe !== true) check(call);
      if ((call.request as object) instanceof RefusedMessage) throw (call.request as RefusedMessage).error;
      const response = await method.answer(call.request, caller);
      answer(null, response);
      return [GRPC_STATUS.OK, 200];
    } catch (thrown) {
      const error = asError(thrown, caller, config.RESIDUA_BODY_LIMIT_BYTES);
      if (error === undefined) return [GRPC_STATUS.CANCELLED, CLIENT_CLOSED_REQUEST];
      if (error.status === 500) log.error({ reqId: id, err: error.cause ?? error }, error.message);
      answer(grpcFailure(grpc, error));
      return [grpcCode(error), ERRORS[error.code].status];
    } finally {
      lifecycle.requestEnded();
    }
  };

  const entries = Object.entries(methods(options)).map(([name, method]): [string, Handler] => [
    name,
    (call, answer) => void handle(SERVICE + name, method, call, answer),
  ]);
  return Object.fromEntries(entries);
}

/** The error of a call; undefined where its caller went away, and nobody reads it. */
function asError(
  thrown: unknown,
  { deadlineAtMs }: Caller,
  bodyLimitBytes: number,
): ResiduaError | undefined {
  if (!(thrown instanceof ClientGoneError)) return toResiduaError(thrown, bodyLimitBytes);
  // At its deadline, a call is cancelled by the library.
  if (deadlineAtMs === undefined || deadlineAtMs > performance.now()) return undefined;
  return new ResiduaError("DEADLINE_EXCEEDED", "The deadline of the call passed; its windows were not run.");
}

/** Names of attributes are those of OpenTelemetry's semantic conventions for RPC. */
function describe(path: string, code: number, id: string): TracedRequest {
  return {
    name: path.slice(1),
    isFailed: [GRPC_STATUS.DEADLINE_EXCEEDED, GRPC_STATUS.INTERNAL, GRPC_STATUS.UNAVAILABLE].some(
      (failed) => failed === code,
    ),
    attributes: { "rpc.system": "grpc", "rpc.grpc.status_code": code, "residua.request_id": id },
  };
}

function headerOf({ metadata }: UnaryCall<unknown>, name: string): string | undefined {
  return metadata.get(name)[0]?.toString();
}

function callerOf(call: UnaryCall<never>, trace: RequestTrace | undefined): Caller {
  const deadline = Number(call.getDeadline());
  return {
    get destroyed() {
      return call.cancelled;
    },
    trace,
    remoteAddress: call.getPeer().replace(/:\d+$/, ""),
    deadlineAtMs: Number.isFinite(deadline) ? performance.now() + deadline - Date.now() : undefined,
  };
}
