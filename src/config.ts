/** Every setting of the service: one schema over the environment variables. */
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { availableCores } from "./available-cores.js";
import { availableMemory } from "./available-memory.js";
import { InputError } from "./errors.js";

const oneOf = <const T extends string>(names: readonly T[], options: { default: T }) =>
  Type.Union(
    names.map((name) => Type.Literal(name)),
    options,
  );

// Visible ASCII: what an Authorization header can carry.
const Token = Type.Optional(
  Type.String({ pattern: "^[\\x21-\\x7e]+$", title: "a text of visible ASCII characters" }),
);

const ORIGIN = "[A-Za-z][A-Za-z0-9+.-]*://([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?";

// Spaces too: a scheme, and what goes with it.
const Authorization = Type.Optional(
  Type.String({
    pattern: "^[\\x21-\\x7e]+( [\\x21-\\x7e]+)*$",
    title: "a scheme and what goes with it, such as Bearer TOKEN, in visible ASCII characters",
  }),
);

const ConfigSchema = Type.Object({
  HOST: Type.String({ minLength: 1, default: "127.0.0.1" }),
  PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 3000 }),
  LOG_LEVEL: oneOf(["fatal", "error", "warn", "info", "debug", "trace", "silent"], { default: "info" }),
  /** The folder of bundles, or their place in an object store. */
  RESIDUA_MODELS: Type.String({
    pattern: "^(?![sS]3:).|^s3://[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9](/.*)?$",
    title: "a folder, or s3://bucket/prefix",
    default: "models",
  }),
  /** The address of the object store; unset for Amazon S3. */
  RESIDUA_S3_ENDPOINT: Type.Optional(
    Type.String({
      pattern: "^https?://[^/]",
      description: "an address that begins with http:// or https://",
    }),
  ),
  /** The folder for what is fetched from an object store; by default one for this user among the temporary files. */
  RESIDUA_CACHE: Type.String({ minLength: 1 }),
  /** The most bytes that are kept there; 0 to keep nothing. */
  RESIDUA_CACHE_BYTES: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 2_147_483_648 }),
  /** What the model is called where the folder of models is the folder of one version (KServe's /mnt/models). */
  RESIDUA_MODEL_NAME: Type.Optional(
    Type.String({
      pattern: "^[a-z0-9][a-z0-9._-]{0,62}$",
      title: '1 to 63 lower-case letters, digits, ".", "_" or "-", the first a letter or digit',
    }),
  ),
  /** How often models are looked at for new versions; 0 for never. */
  RESIDUA_POLL_SECONDS: Type.Number({ minimum: 0, maximum: 86_400, default: 2 }),
  RESIDUA_ENGINE: oneOf(["auto", "wasm", "tensorflow", "cuda"], { default: "auto" }),
  /** Worker threads of the `wasm` engine; by default the cores available to the process, at most 8. */
  RESIDUA_THREADS: Type.Integer({ minimum: 1, maximum: 1024 }),
  /** 256-bit vectors of the `wasm` engine: `auto` uses them where they are supported, `off` never. */
  RESIDUA_WIDE_VECTORS: oneOf(["auto", "off"], { default: "auto" }),
  RESIDUA_MAX_BATCH_WINDOWS: Type.Integer({ minimum: 1, maximum: 65_536, default: 128 }),
  RESIDUA_MAX_WAIT_MS: Type.Number({ minimum: 0, maximum: 60_000, default: 1 }),
  RESIDUA_MAX_QUEUE_WINDOWS: Type.Integer({ minimum: 1, maximum: 100_000_000, default: 8192 }),
  RESIDUA_BODY_LIMIT_BYTES: Type.Integer({ minimum: 1, maximum: 1_073_741_824, default: 16_777_216 }),
  /** Bytes of request bodies that are held at once; by default a quarter of the memory limit. */
  RESIDUA_MAX_BODY_BYTES_IN_FLIGHT: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  /** A client that takes nothing of its answer for so long is given up. */
  RESIDUA_WRITE_TIMEOUT_SECONDS: Type.Number({ minimum: 0.001, maximum: 86_400, default: 60 }),
  RESIDUA_LAME_DUCK_SECONDS: Type.Number({ minimum: 0, maximum: 3600, default: 0 }),
  RESIDUA_DRAIN_SECONDS: Type.Number({ minimum: 0, maximum: 3600, default: 20 }),
  RESIDUA_LIVE_VERSIONS: Type.Integer({ minimum: 1, maximum: 1000, default: 2 }),
  /** The port of the Open Inference Protocol over gRPC; unset for none. */
  RESIDUA_GRPC_PORT: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
  /** What `/readyz` is about: the service itself, or also whether every model has its newest version and aliases live. */
  RESIDUA_READY: oneOf(["server", "models"], { default: "server" }),
  /** The address of an OpenTelemetry collector that takes OTLP over HTTP; unset for no traces. */
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Type.String({
      pattern: "^https?://[^/]",
      description: "an address that begins with http:// or https://",
    }),
  ),
  /** The Redis that keeps jobs; unset, they are files in the folder of models. */
  RESIDUA_REDIS_URL: Type.Optional(
    Type.String({
      pattern: "^rediss?://[^\\s/]\\S*$",
      description: "an address such as redis://host:6379/0, or rediss:// for TLS",
    }),
  ),
  /** Bytes of training data that may be in Redis at once. */
  RESIDUA_REDIS_DATA_BYTES: Type.Integer({
    minimum: 1,
    maximum: 1_099_511_627_776,
    default: 2_147_483_648,
  }),
  /** Training jobs that run at once in this process; 0 where others run them. */
  RESIDUA_MAX_JOBS: Type.Integer({ minimum: 0, maximum: 64, default: 1 }),
  /** Jobs that may wait, over all services; one more is refused. */
  RESIDUA_MAX_QUEUED_JOBS: Type.Integer({ minimum: 1, maximum: 10_000, default: 100 }),
  /** The largest body of training data, decoded. */
  RESIDUA_JOB_BODY_LIMIT_BYTES: Type.Integer({
    minimum: 1,
    maximum: 1_099_511_627_776,
    default: 1_073_741_824,
  }),
  RESIDUA_JOB_MAX_ROWS: Type.Integer({ minimum: 1, maximum: 1_000_000_000, default: 10_000_000 }),
  RESIDUA_JOB_MAX_SECONDS: Type.Number({ minimum: 1, maximum: 2_000_000, default: 3600 }),
  /** Proxies whose X-Forwarded-For is believed: addresses and networks; unset, nobody's is. */
  RESIDUA_TRUST_PROXY: Type.Optional(
    Type.String({
      pattern: "^[0-9A-Fa-f.:/]+(, ?[0-9A-Fa-f.:/]+)*$",
      title: "addresses and networks such as 10.0.0.0/8, with commas between them",
    }),
  ),
  RESIDUA_ADMIN_TOKEN: Token,
  RESIDUA_API_TOKEN: Token,
  /** Of `residua watch`: the header Authorization for Prometheus's API. */
  RESIDUA_PROMETHEUS_AUTHORIZATION: Authorization,
  /** Of `residua watch`: the same for the receiver of scores; by default the one above, where both have one origin. */
  RESIDUA_REMOTE_WRITE_AUTHORIZATION: Authorization,
  /** Of `residua watch`: what messages to the webhook are signed with; unset, they are not signed. */
  RESIDUA_WEBHOOK_SECRET: Token,
  /** Origins whose pages may call the service from a browser. */
  RESIDUA_CORS_ORIGINS: Type.Optional(
    Type.String({
      pattern: `^(\\*|(${ORIGIN})(, ?(${ORIGIN}))*)$`,
      title: '"*", or origins such as https://example.org, without a path, with commas between them',
    }),
  ),
});
export type Config = Static<typeof ConfigSchema>;

/** Settings whose values are never shown. */
const SECRETS = /_(TOKEN|AUTHORIZATION|SECRET)$|^RESIDUA_REDIS_URL$/;

/** Every thread has memory of its own: on a large machine, so many as it has cores would take gigabytes. */
const MOST_DEFAULT_THREADS = 8;

/**
 * Reads the settings from environment variables. A variable that is set to the empty text is wrong.
 * @throws InputError, one sentence that names the variable, where a value is wrong.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const config: Record<string, unknown> = {
    RESIDUA_THREADS: Math.min(MOST_DEFAULT_THREADS, availableCores()),
    RESIDUA_MAX_BODY_BYTES_IN_FLIGHT: Math.floor(availableMemory() / 4),
    RESIDUA_CACHE: join(tmpdir(), `residua-cache-${userInfo().uid}`),
  };
  for (const [name, schema] of Object.entries<TSchema>(ConfigSchema.properties)) {
    const text = env[name];
    if (text === undefined) {
      if ("default" in schema) config[name] = schema["default"];
      continue;
    }
    const value = schema["minimum"] === undefined ? text : toNumber(text);
    if (!Value.Check(schema, value)) {
      // Tokens, and addresses with a password, are secrets: the message does not repeat them, even where they are wrong.
      const shown = SECRETS.test(name) ? "" : `, not ${JSON.stringify(text)}`;
      throw new InputError(`${name} has to be ${requirement(schema)}${shown}.`);
    }
    config[name] = value;
  }
  return Value.Decode(ConfigSchema, config);
}

/** The number that a text writes in plain decimals; NaN for anything else ("", "0x10", "1 "). */
function toNumber(text: string): number {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function requirement(schema: TSchema): string {
  if (Array.isArray(schema["anyOf"])) {
    return `one of ${schema["anyOf"].map((literal: TSchema) => literal["const"]).join(", ")}`;
  }
  if (typeof schema["description"] === "string") return schema["description"];
  if (schema["type"] === "string") {
    return schema["title"] ?? "a text that is not empty";
  }
  const kind = schema["type"] === "integer" ? "a whole number" : "a number";
  return `${kind} from ${schema["minimum"]} to ${schema["maximum"]}`;
}

/**
 * Where models are and how they are reached, for `openStore`.
 * @param place of the models, where it is another one than RESIDUA_MODELS.
 */
export function storeLocation(
  config: Pick<
    Config,
    "RESIDUA_MODELS" | "RESIDUA_MODEL_NAME" | "RESIDUA_S3_ENDPOINT" | "RESIDUA_CACHE" | "RESIDUA_CACHE_BYTES"
  >,
  place = config.RESIDUA_MODELS,
) {
  return {
    place,
    flatName: config.RESIDUA_MODEL_NAME,
    endpoint: config.RESIDUA_S3_ENDPOINT,
    cacheFolder: config.RESIDUA_CACHE,
    cacheBytes: config.RESIDUA_CACHE_BYTES,
  };
}
