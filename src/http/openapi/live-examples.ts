/**
 * Adds examples to the OpenAPI document that work as they are: names, versions and bodies of a live model.
 */
import type { ServedModel } from "../../registry/served-model.js";
import { INPUT_NAME } from "../inference/infer-schema.js";
import { answersOf } from "../model-answers.js";
import { type Document, operationsOf } from "./document.js";

/** A larger sample is of no use in a document. */
const MOST_SAMPLE_BYTES = 256 * 1024;

interface SampleBody {
  readonly windows?: unknown[][][];
  readonly series?: unknown[][];
}

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
  const { scoring, version } = model;
  if (path.includes("/aliases/")) return { version };
  if (path.endsWith("/score")) return sampleOf(model);
  // A model that reads the calendar takes no windows.
  if (scoring.calendar !== undefined) return undefined;
  const sample = path.endsWith("/infer") ? sampleOf(model) : undefined;
  if (sample === undefined) return undefined;
  const { timesteps, features } = scoring;
  const window = sample.windows?.[0] ?? sample.series?.slice(0, timesteps) ?? [];
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

function sampleOf({ sample }: ServedModel): SampleBody | undefined {
  if (sample.length > MOST_SAMPLE_BYTES) return undefined;
  return JSON.parse(Buffer.from(sample).toString()) as SampleBody;
}
