/**
 * Gives every object of a document's schemas a name among its components, so that generated clients have one type for
 * it, and writes unions the way generators understand best.
 */
import { type Document, operationsOf, type Schema } from "./document.js";

/**
 * Names by where a schema stands: an operation's body or answer, or a member of a component. What is not here, and has
 * no title, is called by the component and the member.
 */
const NAMES: Readonly<Record<string, string>> = {
  "checkLiveness.200": "Status",
  "checkReadiness.200": "Readiness",
  "listModels.200": "ModelList",
  "getModel.200": "Manifest",
  "getActivity.200": "Activity",
  "getCalibration.200": "Calibration",
  "listJobs.200": "JobList",
  "setAlias.body": "AliasTarget",
  "setAlias.200": "Model",
  "infer.body": "InferRequest",
  "infer.200": "InferResponse",
  "getServerMetadata.200": "ServerMetadata",
  "checkServerLive.200": "ServerLive",
  "checkServerReady.200": "ServerReady",
  "checkModelReady.200": "ModelReady",
  "getModelMetadata.200": "ModelMetadata",
  "listRepository.200": "RepositoryEntry",
  "getSample.200": "Sample",
  "readFile.200": "FileReadings",
  "FileReadings.series": "FileSeries",
  "ModelList.models": "Model",
  "Model.versions": "Version",
  "Activity.scores": "ScoreCounts",
  "Activity.drift": "Drift",
  "Calibration.scorers": "CalibrationByScorer",
  CalibrationByScorer: "CalibrationSamples",
  "CalibrationSamples.windows": "CalibrationSample",
  "Calibration.alarms": "AlarmCounts",
  "AlarmCounts.begin": "AlarmBegin",
  "Model.aliases": "Aliases",
  "Version.state": "VersionState",
  "Manifest.files": "FileHashes",
  "Manifest.training": "TrainingRecord",
  "Manifest.family": "Family",
  "Manifest.loss": "Loss",
  "Manifest.scorers": "Scorer",
  "ManifestThreshold.method": "ThresholdMethod",
  "Head.name": "HeadName",
  "Scaler.kind": "ScalerKind",
  "Manifest.features": "Feature",
  "Manifest.heads": "Head",
  "Manifest.scaler": "Scaler",
  "Manifest.threshold": "ManifestThreshold",
  "Manifest.calibration": "CalibrationSizes",
  "CalibrationSizes.squared": "CalibrationSize",
  "Manifest.ties": "Tie",
  Manifest: "Section",
  Windows: "WindowsRequest",
  Series: "SeriesRequest",
  "WindowsRequest.windows": "RowByFeature",
  "WindowsRequest.include": "Part",
  "SeriesRequest.include": "SeriesPart",
  "WindowThreshold.method": "ThresholdMethod",
  "SeriesThreshold.method": "SeriesThresholdMethod",
  "SeriesRequest.timeUnit": "TimeUnit",
  "WindowsRequest.threshold.0": "FalseAlarmRateThreshold",
  "WindowsRequest.threshold.1": "ValueThreshold",
  "WindowsRequest.threshold.2": "FalseAlarmsThreshold",
  "WindowScores.model": "ScoredBy",
  "WindowScores.threshold": "WindowThreshold",
  "WindowScores.windows": "WindowScore",
  "WindowScores.timing": "Timing",
  "WindowScore.headError": "HeadError",
  "SeriesScores.threshold": "SeriesThreshold",
  "SeriesThreshold.alarm": "AlarmRule",
  "SeriesScores.timesteps": "TimestepScores",
  "SeriesScores.events": "Event",
  "SeriesScores.time": "SeriesTime",
  "SeriesTime.unit": "TimeUnit",
  "TimestepScores.bounds": "Bounds",
  "Event.features": "FeatureShare",
  "Problem.code": "ErrorCode",
  "InferRequest.parameters": "Parameters",
  "InferRequest.inputs": "InferInput",
  "InferRequest.outputs": "RequestedOutput",
  "InferResponse.outputs": "InferOutput",
  "InferOutput.parameters": "OutputParameters",
  "ModelMetadata.inputs": "InputMetadata",
  "ModelMetadata.outputs": "OutputMetadata",
  "InputMetadata.parameters": "InputParameters",
  "InputParameters.features": "InputFeature",
};

/** Puts the schemas of all bodies and answers among the components; changes the document. */
export function nameComponents(document: Document): void {
  const components = new Components();
  for (const [, , { operationId, requestBody, responses }] of operationsOf(document)) {
    const bodies = { body: requestBody, ...responses };
    for (const [part, body] of Object.entries(bodies)) {
      for (const media of Object.values(body?.content ?? {})) {
        if (media.schema !== undefined) {
          media.schema = components.refer(simplify(media.schema), `${operationId}.${part}`);
        }
      }
    }
  }
  // After the bodies, whose names theirs are where they are the same.
  for (const [, , { operationId, parameters = [] }] of operationsOf(document)) {
    for (const parameter of parameters) {
      if (parameter.schema === undefined) continue;
      parameter.schema = components.refer(simplify(parameter.schema), `${operationId}.${parameter.name}`);
    }
  }
  document.components["schemas"] = components.sorted();
}

class Components {
  /** Names by content: what is the same is one component. */
  readonly #names = new Map<string, string>();
  readonly #schemas = new Map<string, Schema>();

  sorted(): Record<string, Schema> {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** The schema with references in place of the objects in it; itself one where it is an object or enumeration. */
  refer(schema: Schema, place: string): Schema {
    if (isEnum(schema)) {
      const { description, ...content } = schema;
      return {
        ...this.#named(content, undefined, place),
        ...(description === undefined ? {} : { description }),
      };
    }
    if (schema["type"] !== "object") return this.#inside(schema, place);
    const { title, ...content } = schema;
    return this.#named(content, title as string | undefined, place);
  }

  #named(content: Schema, title: string | undefined, place: string): Schema {
    const found = this.#names.get(JSON.stringify(content));
    const name = found ?? (title === undefined ? NAMES[place] : (NAMES[title] ?? title)) ?? pascal(place);
    if (found === undefined) {
      if (this.#schemas.has(name))
        throw new Error(`Two schemas of the OpenAPI document are called ${name} (${place}).`);
      this.#names.set(JSON.stringify(content), name);
      // Keeps the place, since what is inside it is put there first.
      this.#schemas.set(name, content);
      this.#schemas.set(name, this.#inside(content, name));
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  #inside(schema: Schema, place: string): Schema {
    const inner: Schema = { ...schema };
    if (isSchema(schema["items"])) inner["items"] = this.refer(schema["items"], place);
    if (isSchema(schema["additionalProperties"])) {
      inner["additionalProperties"] = this.refer(schema["additionalProperties"], place);
    }
    if (isSchema(schema["properties"])) {
      inner["properties"] = Object.fromEntries(
        Object.entries(schema["properties"]).map(([key, member]) => [
          key,
          this.refer(member as Schema, `${place}.${key}`),
        ]),
      );
    }
    for (const union of ["oneOf", "anyOf"]) {
      const variants = schema[union] as Schema[] | undefined;
      if (variants === undefined) continue;
      const objects = variants.filter(({ properties }) => properties !== undefined);
      inner[union] = variants.map((variant, i) =>
        this.refer(variant, objects.length > 1 ? `${place}.${i}` : place),
      );
    }
    return inner;
  }
}

/** Unions of texts as `enum`, of a type and null as two types, of others as `oneOf`; records without patterns. */
export function simplify(schema: Schema): Schema {
  const { anyOf, patternProperties, ...others } = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, simplifyValue(key, value)]),
  );
  if (patternProperties !== undefined) {
    const [values] = Object.values(patternProperties as Record<string, Schema>);
    return { ...others, additionalProperties: values };
  }
  if (anyOf === undefined) return others;
  const variants = anyOf as (Schema & { const?: unknown; enum?: unknown[] })[];
  // @fastify/swagger writes the constant of a body as an enumeration of one.
  const values = variants.map(({ const: constant, enum: [value = constant, ...more] = [] }) =>
    more.length === 0 ? value : undefined,
  );
  if (values.every((value) => value !== undefined)) {
    return { type: variants[0]!["type"], enum: values, ...others };
  }
  const [first, second, ...more] = variants;
  const isNullable = second?.["type"] === "null" && more.length === 0;
  if (!isNullable) return { oneOf: variants, ...others };
  const isSimple = typeof first!["type"] === "string" && first!["type"] !== "object" && !isEnum(first!);
  if (!isSimple) return { oneOf: variants, ...others };
  return { ...first, type: [first!["type"], "null"], ...others };
}

function simplifyValue(key: string, value: unknown): unknown {
  if (["examples", "example", "default", "const", "enum", "required"].includes(key)) return value;
  if (Array.isArray(value)) return value.map((item) => (isSchema(item) ? simplify(item) : item));
  if (!isSchema(value)) return value;
  if (key !== "properties" && key !== "patternProperties") return simplify(value);
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, simplify(member as Schema)]),
  );
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEnum(schema: Schema): boolean {
  return schema["type"] === "string" && Array.isArray(schema["enum"]) && schema["enum"].length > 1;
}

function pascal(place: string): string {
  return place.replace(/(^|[.-])(\w)/g, (_match, _dot, letter: string) => letter.toUpperCase());
}
