/**
 * Traces for OpenTelemetry, sent as OTLP over HTTP. A request is a span, under the caller's if it sent `traceparent`, with
 * a span each for reading its body, waiting in the queue, the engine, and writing the answer. Spans are made when the
 * request has ended, from the times that were noted meanwhile.
 *
 * The packages are installed where OTEL_EXPORTER_OTLP_ENDPOINT is set. The compiler runs without them, so what is used of
 * them is declared here.
 */
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { InputError } from "../../errors.js";
import { RequestTrace } from "./request-trace.js";

export interface TracingOptions {
  /** The address of a collector; traces go to `/v1/traces` under it. */
  readonly endpoint: string;
  /** The program's version. */
  readonly version: string;
  readonly log: Logger;
}

/** What a request turned out to be. */
export interface TracedRequest {
  /** Such as `POST /v1/models/:name/score`. */
  readonly name: string;
  readonly isFailed: boolean;
  readonly attributes: Readonly<Record<string, string | number>>;
}

interface Context {
  readonly brand: unique symbol;
}
interface Span {
  setStatus(status: { code: number }): void;
  /** @param time milliseconds since 1970 */
  end(time: number): void;
}
interface SpanOptions {
  readonly kind?: number;
  /** Milliseconds since 1970. */
  readonly startTime: number;
  readonly attributes?: Readonly<Record<string, string | number>>;
}
interface Tracer {
  startSpan(name: string, options: SpanOptions, parent: Context): Span;
}
interface Resource {
  merge(other: Resource): Resource;
}
interface Api {
  readonly ROOT_CONTEXT: Context;
  readonly SpanKind: { readonly SERVER: number };
  readonly SpanStatusCode: { readonly ERROR: number };
  readonly DiagLogLevel: { readonly WARN: number };
  readonly trace: { setSpan(context: Context, span: Span): Context };
  readonly diag: {
    setLogger(
      logger: Readonly<Record<"error" | "warn" | "info" | "debug" | "verbose", (message: string) => void>>,
      options: { logLevel: number; suppressOverrideMessage: boolean },
    ): void;
  };
}
interface Sdk {
  readonly NodeTracerProvider: new (options: {
    resource: Resource;
    spanProcessors: object[];
  }) => { getTracer(name: string, version: string): Tracer; shutdown(): Promise<void> };
  readonly BatchSpanProcessor: new (exporter: object) => object;
}
interface Core {
  readonly W3CTraceContextPropagator: new () => {
    extract(
      context: Context,
      carrier: Readonly<Record<string, string>>,
      getter: { get(carrier: Readonly<Record<string, string>>, key: string): string | undefined },
    ): Context;
  };
}
interface Exporter {
  readonly OTLPTraceExporter: new (options: { url: string }) => object;
}
interface Resources {
  resourceFromAttributes(attributes: Readonly<Record<string, string>>): Resource;
  detectResources(options: { detectors: object[] }): Resource;
  readonly envDetector: object;
}

/** How long the last spans may take to be sent when the service ends. */
const LAST_SPANS_MS = 3000;

export class Tracing {
  readonly #api: Api;
  readonly #log: Logger;
  readonly #tracer: Tracer;
  readonly #shutDown: () => Promise<void>;
  readonly #parentOf: (traceparent: string | undefined) => Context;

  private constructor({ endpoint, version, log }: TracingOptions) {
    const { api, sdk, core, exporter, resources } = loadPackages();
    this.#api = api;
    this.#log = log;
    // Where the collector cannot be reached, spans are dropped, and the log says so.
    const warn = (message: string): void => log.warn({}, `OpenTelemetry: ${message}`);
    const quiet = (): void => undefined;
    api.diag.setLogger(
      { error: warn, warn, info: quiet, debug: quiet, verbose: quiet },
      { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true },
    );
    const own = resources.resourceFromAttributes({ "service.name": "residua", "service.version": version });
    const provider = new sdk.NodeTracerProvider({
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before ours.
      resource: own.merge(resources.detectResources({ detectors: [resources.envDetector] })),
      spanProcessors: [
        new sdk.BatchSpanProcessor(
          new exporter.OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, "")}/v1/traces` }),
        ),
      ],
    });
    this.#tracer = provider.getTracer("residua", version);
    this.#shutDown = () => provider.shutdown();
    const propagator = new core.W3CTraceContextPropagator();
    const getter = {
      get: (carrier: Readonly<Record<string, string>>, key: string): string | undefined => carrier[key],
    };
    this.#parentOf = (traceparent) =>
      traceparent === undefined
        ? api.ROOT_CONTEXT
        : propagator.extract(api.ROOT_CONTEXT, { traceparent }, getter);
  }

  /** @throws InputError where the packages are not installed. */
  static start(options: TracingOptions): Tracing {
    return new Tracing(options);
  }

  /** To be called when a request's headers have arrived. */
  begin(traceparent: string | undefined): RequestTrace {
    return new RequestTrace(traceparent);
  }

  /** Makes the spans of a request that has ended just now. */
  end(trace: RequestTrace, { name, isFailed, attributes }: TracedRequest): void {
    const { SpanKind, SpanStatusCode } = this.#api;
    const endedAtMs = performance.now();
    const { startedAtMs, readAtMs, scored } = trace;
    const model =
      scored === undefined
        ? {}
        : { "residua.model": scored.model.name, "residua.version": scored.model.version };
    const parent = this.#parentOf(trace.traceparent);
    const request = this.#tracer.startSpan(
      name,
      { kind: SpanKind.SERVER, startTime: dateOf(startedAtMs), attributes: { ...attributes, ...model } },
      parent,
    );
    const under = this.#api.trace.setSpan(parent, request);
    const step = (name: string, startMs: number, endMs: number): void =>
      this.#tracer.startSpan(name, { startTime: dateOf(startMs) }, under).end(dateOf(endMs));
    if (readAtMs !== undefined) {
      step("read", startedAtMs, readAtMs);
      if (scored !== undefined) {
        const engineAtMs = readAtMs + scored.queueMs;
        step("queue", readAtMs, engineAtMs);
        step("engine", engineAtMs, engineAtMs + scored.computeMs);
        step("write", Math.min(scored.atMs, endedAtMs), endedAtMs);
      }
    }
    if (isFailed) request.setStatus({ code: SpanStatusCode.ERROR });
    request.end(dateOf(endedAtMs));
  }

  /** Sends the spans that are left. Resolves after some seconds at the latest. */
  async close(): Promise<void> {
    const timer = new AbortController();
    const late = sleep(LAST_SPANS_MS, "late", { signal: timer.signal }).catch(() => undefined);
    // What failed has been logged.
    const sent = this.#shutDown().catch(() => undefined);
    if ((await Promise.race([sent, late])) === "late") {
      this.#log.warn({}, `OpenTelemetry: the last spans could not be sent within ${LAST_SPANS_MS} ms.`);
    }
    timer.abort();
  }
}

/**
 * A time of `performance.now()` in milliseconds since 1970. The packages would convert it too, but by the system's clock
 * at the time of the call, which would shift the steps of a request against each other.
 */
function dateOf(ms: number): number {
  return performance.timeOrigin + ms;
}

function loadPackages() {
  const require = createRequire(import.meta.url);
  try {
    return {
      api: require("@opentelemetry/api") as Api,
      core: require("@opentelemetry/core") as Core,
      exporter: require("@opentelemetry/exporter-trace-otlp-http") as Exporter,
      resources: require("@opentelemetry/resources") as Resources,
      sdk: require("@opentelemetry/sdk-trace-node") as Sdk,
    };
  } catch (cause) {
    throw new InputError(
      "OTEL_EXPORTER_OTLP_ENDPOINT needs OpenTelemetry's packages, which are not installed: start with npm start, or run node src/setup.mjs.",
      { cause },
    );
  }
}
