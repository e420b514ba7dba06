/** The manifests for KServe fit the schemas in its custom resource definitions. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv, type AnySchema } from "ajv";
import { loadConfig } from "../../src/config.js";
import { repository } from "../server-process.js";
import { type Manifest, manifestsOf } from "./manifests.js";

const file = join(repository, "test", "fixtures", "kserve", "schema.json");
const schemas = JSON.parse(readFileSync(file, "utf8")) as Record<string, AnySchema>;

/** What is wrong with a manifest by the schema of its kind; "" where nothing is. */
function faults(manifest: Manifest): string {
  const schema = schemas[`${manifest.apiVersion} ${manifest.kind}`];
  assert.ok(schema !== undefined, `there is no schema for ${manifest.apiVersion} ${manifest.kind}`);
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  return ajv.validate(schema, manifest) ? "" : ajv.errorsText();
}

const [runtime] = manifestsOf("kserve/runtime.yaml");
const [service] = manifestsOf("kserve/inference-service.yaml");

test("runtime and service fit KServe's schemas, and what is misspelt does not", () => {
  assert.equal(faults(runtime), "");
  assert.equal(faults(service), "");
  const { storageUri, ...model } = service.spec.predictor.model;
  const misspelt = { ...service, spec: { predictor: { model: { ...model, storageUrl: storageUri } } } };
  assert.match(faults(misspelt), /additional properties/);
  const [container] = runtime.spec.containers;
  const wrong = { ...runtime, spec: { ...runtime.spec, containers: [{ ...container, ports: 8080 }] } };
  assert.match(faults(wrong), /must be array/);
});

test("the service asks for the format that the runtime has, over a protocol that it speaks", () => {
  const { modelFormat, protocolVersion } = service.spec.predictor.model;
  const formats = runtime.spec.supportedModelFormats as { name: string; autoSelect: boolean }[];
  assert.ok(formats.some(({ name, autoSelect }) => name === modelFormat.name && autoSelect));
  assert.ok(runtime.spec.protocolVersions.includes(protocolVersion));
});

test("the runtime's variables are settings, for the folder that KServe fills and the name that it gives", () => {
  const [container] = runtime.spec.containers;
  const variables = container.env as { name: string; value: string }[];
  // KServe puts the name of the InferenceService in place of {{.Name}}, here and in no other form.
  const env = Object.fromEntries(
    variables.map(({ name, value }) => [name, value.replace("{{.Name}}", service.metadata.name)]),
  );
  const config = loadConfig(env);
  assert.deepEqual(
    [config.RESIDUA_MODELS, config.RESIDUA_MODEL_NAME, config.PORT],
    ["/mnt/models", service.metadata.name, container.ports[0].containerPort],
  );
  for (const { name } of variables) assert.ok(name in config, `${name} is no setting`);
});
