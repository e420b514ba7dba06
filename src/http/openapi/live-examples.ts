/**
 * Adds examples to the OpenAPI document that work as they are: names, versions and bodies of a live model.
 */
import type { ServedModel } from "../../registry/served-model.js";
import { INPUT_NAME } from "../inference/infer-schema.js";
import { answersOf } from "../model-answers.js";
import { type Document, operationsOf } from "./document.js";

/** Adds examples to a document, which is changed. @returns the same document. */
export function addExamples<T extends object>(document: T, model: ServedModel): T {
  const values: Readonly<Record<string, string>> = {
    name: model.name,
    model: model.name,
    version: model.version,
  };
  for (const [path, , { parameters, requestBody }] of operationsOf(document as unknown as Document)) {
    for (const parameter of parameters ?? []) {
      if (parameter.in !== "path") continue;
      const value = values[parameter.name];
      if (value !== undefined) parameter.example = value;
    }
    const json = requestBody?.content?.["application/json"];
    const example = exampleBody(path, model);
    if (json !== undefined && example !== undefined) json.examples = { live: { value: example } };
  }
  return document;
}

function exampleBody(path: string, model: ServedModel): object | undefined {
  const { sampleBody, scoring, version } = model;
  if (path.endsWith("/score")) return sampleBody;
  if (path.includes("/aliases/")) return { version };
  if (!path.endsWith("/infer")) return undefined;
  // It takes no windows.
  if (scoring.calendar !== undefined) return undefined;
  const { timesteps, features } = scoring;
  const window = firstWindow(sampleBody, timesteps);
  return {
    inputs: [
      {
        name: INPUT_NAME,
        datatype: answersOf(model).readingsDatatype,
        shape: [1, timesteps, features],
        data: window.flat(),
      },
    ],
  };
}

function firstWindow(sampleBody: object, timesteps: number): unknown[][] {
  const { windows, series } = sampleBody as { windows?: unknown[][][]; series?: unknown[][] };
  return windows?.[0] ?? series?.slice(0, timesteps) ?? [];
}
