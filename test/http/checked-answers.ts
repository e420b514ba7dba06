/** Checks every answer that the tests of the service read against openapi.json: status, type, headers and body. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { Document } from "../../src/http/openapi/document.js";
import { OPENAPI_FILE } from "./openapi-file.js";

const document = JSON.parse(readFileSync(OPENAPI_FILE, "utf8")) as Document;
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).addSchema(
  document,
  "openapi",
);
const validators = new Map<string, ValidateFunction>();
const paths = Object.keys(document.paths).map((path) => ({
  path,
  pattern: new RegExp(`^${path.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "[^/]+")}/?$`),
}));
/** What arrived was no whole request: no route has seen it. */
const NO_REQUEST: readonly number[] = [408, 431];
const origins = new Set<string>();

/** Answers of the service at this address are checked from now on, when their body is read. */
export function checkAnswersOf(url: string): void {
  origins.add(new URL(url).origin);
}

const plainFetch = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const request = new Request(input, init === undefined ? undefined : { ...init, body: null });
  const response = await plainFetch(input, init);
  const { origin, pathname } = new URL(request.url);
  if (!origins.has(origin) || request.method === "OPTIONS" || response.redirected) return response;
  const check = (text: string): string => {
    checkAnswer(request.method, pathname, response, text);
    return text;
  };
  const [text, bytes] = [response.text.bind(response), response.arrayBuffer.bind(response)];
  return Object.assign(response, {
    text: async () => check(await text()),
    json: async () => JSON.parse(check(await text())) as unknown,
    arrayBuffer: async () => {
      const buffer = await bytes();
      check(Buffer.from(buffer).toString());
      return buffer;
    },
  });
};

function checkAnswer(method: string, pathname: string, response: Response, text: string): void {
  const what = `${method} ${pathname}: ${response.status}`;
  const type = response.headers.get("content-type")?.split(";")[0] ?? "";
  const path = paths.find(({ pattern }) => pattern.test(pathname))?.path;
  if (path === undefined || NO_REQUEST.includes(response.status)) {
    // The pages, and paths that do not exist.
    if (response.status < 400) return;
    const schema = pathname.startsWith("/v2") ? "InferError" : "Problem";
    validate(`/components/schemas/${schema}`, text, what);
    return;
  }
  const operations = document.paths[path]!;
  const name = method === "HEAD" ? "get" : method.toLowerCase();
  const [documented, operation] = Object.hasOwn(operations, name)
    ? [name, operations[name]!]
    : Object.entries(operations)[0]!;
  const answer = operation.responses[response.status];
  assert.ok(answer !== undefined, `${what} is not in openapi.json`);
  for (const header of Object.keys(answer.headers ?? {})) {
    if (/^inference-/i.test(header)) continue;
    assert.ok(response.headers.has(header), `${what} has no ${header}`);
  }
  if (method === "HEAD") return;
  assert.ok(Object.hasOwn(answer.content ?? {}, type), `${what} is of type "${type}"`);
  if (!/[/+]json$/.test(type)) return;
  const steps = ["paths", path, documented, "responses", response.status, "content", type, "schema"];
  validate(`/${steps.map((step) => String(step).replaceAll("/", "~1")).join("/")}`, text, what);
}

function validate(pointer: string, text: string, what: string): void {
  let validator = validators.get(pointer);
  if (validator === undefined) {
    validator = ajv.compile({ $ref: `openapi#${encodeURI(pointer)}` });
    validators.set(pointer, validator);
  }
  const isValid = validator(JSON.parse(text));
  assert.ok(isValid, `${what} does not fit openapi.json: ${ajv.errorsText(validator.errors).slice(0, 2000)}`);
}
