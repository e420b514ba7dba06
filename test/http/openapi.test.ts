/** openapi.json: it is what the service answers, and complete. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { ERRORS } from "../../src/errors.js";
import { type Document, operationsOf } from "../../src/http/openapi/document.js";
import { describeService, OPENAPI_FILE } from "./openapi-file.js";

const text = readFileSync(OPENAPI_FILE, "utf8");
const document = JSON.parse(text) as Document;
const operations = [...operationsOf(document)];

test("the file is what the service answers; npm run openapi writes it", async () => {
  assert.equal(await describeService(), text);
});

test("every operation has an id of its own, a summary, a known tag, and the errors that all can have", () => {
  const ids = operations.map(([, , { operationId }]) => operationId);
  assert.ok(
    ids.every((id) => /^[a-z][A-Za-z]+$/.test(id ?? "")),
    ids.join(),
  );
  assert.equal(new Set(ids).size, ids.length);
  const tags = (document.tags as { name: string }[]).map(({ name }) => name);
  for (const [path, method, { summary, tags: own = [], responses }] of operations) {
    assert.ok(summary !== undefined && own.length === 1 && tags.includes(own[0]!), `${method} ${path}`);
    assert.ok("405" in responses && "500" in responses, `${method} ${path}`);
    for (const [status, { headers = {} }] of Object.entries(responses)) {
      const expected = { 401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After" }[
        status
      ];
      assert.ok("X-Request-Id" in headers, `${method} ${path} ${status}`);
      assert.ok(expected === undefined || expected in headers, `${method} ${path} ${status}`);
    }
  }
});

test("every error has an example, every body in JSON one that fits its schema", () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, "openapi");
  const examples = document.components["examples"] as Record<string, { value: { detail?: string } }>;
  for (const code of Object.keys(ERRORS)) assert.ok(code in examples, `no route has the error ${code}`);
  for (const [path, method, { requestBody, responses }] of operations) {
    for (const [part, body] of Object.entries({ requestBody, ...responses })) {
      for (const [type, media] of Object.entries(body?.content ?? {})) {
        if (!/[/+]json$/.test(type)) continue;
        const what = `${method} ${path} ${part}`;
        assert.ok(Object.keys(media.examples ?? {}).length > 0, `${what} has no example`);
        const steps = ["paths", path, method, ...(part === "requestBody" ? [part] : ["responses", part])];
        const pointer = [...steps, "content", type, "schema"]
          .map((step) => step.replaceAll("/", "~1"))
          .join("/");
        const check = ajv.compile({ $ref: `openapi#/${encodeURI(pointer)}` });
        for (const example of Object.values(media.examples ?? {}) as { $ref?: string; value?: unknown }[]) {
          const value =
            example.$ref === undefined ? example.value : examples[example.$ref.split("/").at(-1)!]!.value;
          assert.ok(check(value), `${what}: ${ajv.errorsText(check.errors)}`);
        }
      }
    }
  }
});

test("windows and series are alternatives, and every object of a schema has a name", () => {
  const { post } = document.paths["/v1/models/{name}/score"]!;
  const refs = (names: string[]) => names.map((name) => ({ $ref: `#/components/schemas/${name}` }));
  assert.deepEqual(
    post!.requestBody!.content!["application/json"]!.schema!["oneOf"],
    refs(["WindowsRequest", "SeriesRequest"]),
  );
  assert.deepEqual(
    post!.responses["200"]!.content!["application/json"]!.schema!["oneOf"],
    refs(["WindowScores", "SeriesScores"]),
  );
  const named = Object.keys(document.components["schemas"]!);
  assert.ok(
    named.every((name) => /^[A-Z][A-Za-z]+$/.test(name)),
    named.join(),
  );
  assert.ok(named.length < 110, `${named.length} schemas`);
});
