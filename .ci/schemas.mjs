/**
 * JSON schemas, for kubeconform, of what docker/ has for Kubernetes: made from Kubernetes' own description of its API and from
 * the custom resource definitions of other projects.
 *
 *   node .ci/schemas.mjs OUT KUBERNETES KSERVE OPERATOR
 *
 * OUT is the folder that they are written to, the others are the folders of the Go modules. Schemas are closed: a key that is not
 * there is refused. With `--kserve-subset KSERVE` it writes test/fixtures/kserve/schema.json anew.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** Where the KServe types that are shipped have the fields of many kinds of servers, or of whole pods. */
const LEFT_OUT = new Set(
  `affinity builtInAdapter containers explainer huggingface initContainers lightgbm onnx paddle pmml pytorch sklearn status
  storageUris tensorflow transformer triton volumes workerSpec xgboost`.split(/\s+/),
);

/** A copy of a schema without descriptions, in which objects take the properties that they name and no others. */
function close(schema) {
  if (Array.isArray(schema)) return schema.map(close);
  if (typeof schema !== "object" || schema === null) return schema;
  // These are texts in Kubernetes' description, and may be written as numbers.
  if (schema.format === "int-or-string") return { type: ["string", "integer"] };
  const closed = {};
  for (const [key, value] of Object.entries(schema)) {
    const isText = key === "description" && typeof value === "string";
    if (!isText && !key.startsWith("x-kubernetes-")) closed[key] = close(value);
  }
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (schema.properties !== undefined && schema.additionalProperties === undefined && !isOpen) {
    closed.additionalProperties = false;
  }
  return closed;
}

/** Kubernetes' own kinds, each with the definitions that it needs. */
function* kubernetesSchemas(module) {
  const file = join(module, "api", "openapi-spec", "swagger.json");
  const { definitions } = JSON.parse(readFileSync(file, "utf8"));
  definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = { type: ["string", "number"] };
  for (const [name, definition] of Object.entries(definitions)) {
    const kinds = definition["x-kubernetes-group-version-kind"] ?? [];
    if (kinds.length !== 1 || name.endsWith("List")) continue;
    const needed = {};
    const take = (text) => {
      for (const [, other] of text.matchAll(/"#\/definitions\/([^"]+)"/g)) {
        if (needed[other] !== undefined) continue;
        needed[other] = close(definitions[other]);
        take(JSON.stringify(definitions[other]));
      }
    };
    take(JSON.stringify(definition));
    yield { ...kinds[0], schema: { ...close(definition), definitions: needed } };
  }
}

/** The kinds of the custom resource definitions in a folder. */
function* customSchemas(folder) {
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".yaml"))) {
    const { kind, spec } = parse(readFileSync(join(folder, file), "utf8"));
    if (kind !== "CustomResourceDefinition") continue;
    for (const { name, schema } of spec.versions) {
      yield { group: spec.group, version: name, kind: spec.names.kind, schema: close(schema.openAPIV3Schema) };
    }
  }
}

/** A schema without the properties in LEFT_OUT, at any depth. */
function reduce(schema) {
  if (Array.isArray(schema)) return schema.map(reduce);
  if (typeof schema !== "object" || schema === null) return schema;
  const reduced = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, reduce(value)]));
  if (schema.properties !== undefined) {
    const kept = Object.entries(reduced.properties).filter(([name]) => !LEFT_OUT.has(name));
    reduced.properties = Object.fromEntries(kept);
  }
  return reduced;
}

const kserveFolder = (module) => join(module, "config", "crd", "full");

function writeKserveSubset(module) {
  const subset = {};
  for (const { group, version, kind, schema } of customSchemas(kserveFolder(module))) {
    if (!["ClusterServingRuntime", "InferenceService"].includes(kind)) continue;
    const reduced = reduce(schema);
    // A runtime has its containers as it is.
    if (kind === "ClusterServingRuntime") {
      reduced.properties.spec.properties.containers = schema.properties.spec.properties.containers;
    }
    subset[`${group}/${version} ${kind}`] = reduced;
  }
  const folder = join(dirname(fileURLToPath(import.meta.url)), "..", "test", "fixtures", "kserve");
  writeFileSync(join(folder, "schema.json"), `${JSON.stringify(subset)}\n`);
}

function writeSchemas(out, kubernetes, kserve, operator) {
  const crds = join(operator, "example", "prometheus-operator-crd");
  for (const schemas of [
    kubernetesSchemas(kubernetes),
    customSchemas(kserveFolder(kserve)),
    customSchemas(crds),
  ]) {
    for (const { group, version, kind, schema } of schemas) {
      // kubeconform looks for things of the core, which have no group, under their version.
      const folder = join(out, group === "" ? version : group);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${kind.toLowerCase()}_${version}.json`), JSON.stringify(schema));
    }
  }
}

const [first, ...modules] = process.argv.slice(2);
if (first === "--kserve-subset") writeKserveSubset(modules[0]);
else writeSchemas(first, ...modules);
