/** The forms of bodies and answers beside JSON, and the options in the query, which the routes' schemas do not have. */
import { SeriesOptionsSchema, TABLE_OPTIONS } from "../score-schema.js";
import { type Document, type MediaType, type Operation, operationsOf, type Schema } from "./document.js";

const LINES_TYPE = "application/x-ndjson";
const CSV_TYPE = "text/csv";
const ARROW_TYPE = "application/vnd.apache.arrow.stream";

/** A response header's length of the JSON in a body with binary tensors. */
const HEADER_LENGTH = {
  description: "The length of the JSON at the start of the body",
  schema: { type: "integer", minimum: 0 },
};
const BINARY = { schema: { type: "string", contentMediaType: "application/octet-stream" } };

/** Bodies of a score request that are a series. */
const TABLES: Readonly<Record<string, MediaType>> = {
  [CSV_TYPE]: {
    schema: {
      type: "string",
      description:
        "A series: a header with the features' names in any order, and a column of times where there are any; read as the files that the model was trained on. Its options stand in the query.",
    },
    example: "time,flow,temperature\n2026-05-04T10:00:00Z,3.1,20.4\n2026-05-04T10:05:00Z,3.3,\n",
  },
  [LINES_TYPE]: {
    schema: {
      type: "string",
      description:
        "A series: a row a line, an array of readings in the model's order or an object by feature, with a member for the time where there are times. Its options stand in the query.",
    },
    example:
      '{"time":"2026-05-04T10:00:00Z","flow":3.1,"temperature":20.4}\n{"time":"2026-05-04T10:05:00Z","flow":3.3}\n',
  },
};

/** Answers to a series. */
const SERIES_ANSWERS: Readonly<Record<string, MediaType>> = {
  [LINES_TYPE]: {
    schema: {
      type: "string",
      description: "A line of JSON for model and threshold, each timestep, each event, and the rest",
    },
  },
  [CSV_TYPE]: {
    schema: {
      type: "string",
      description:
        "A header, and a row for each timestep: time (UTC) where there are times, score, p_value, anomalous (1 or 0), and what include names. A cell without a value is empty.",
    },
    example: "time,score,p_value,anomalous\n2026-05-04T10:00:00.000Z,0.031,0.41,0\n",
  },
  [ARROW_TYPE]: {
    schema: {
      type: "string",
      contentMediaType: ARROW_TYPE,
      description:
        "An Arrow stream: a row for each timestep; model and threshold in the schema's metadata under residua, events, drift, continuation and timing in that of the last batch, which is empty",
    },
  },
};

/** Forms of training data beside a JSON series. */
const TRAINING_DATA: Readonly<Record<string, MediaType>> = {
  [CSV_TYPE]: { schema: { type: "string", description: "As residua train reads files" } },
  [LINES_TYPE]: { schema: { type: "string", description: "A JSON object a line" } },
  "application/vnd.apache.parquet": {
    schema: { type: "string", contentMediaType: "application/vnd.apache.parquet" },
  },
};

/** Adds them; changes the document. */
export function addMediaTypes(document: Document): void {
  for (const [, , operation] of operationsOf(document)) {
    const { operationId, requestBody, responses } = operation;
    if (
      requestBody?.content !== undefined &&
      (operationId === "trainModel" || operationId === "renewModel")
    ) {
      Object.assign(requestBody.content, structuredClone(TRAINING_DATA));
    }
    const answer = responses["200"];
    if (answer?.content === undefined) continue;
    if (operationId === "score") {
      if (requestBody?.content !== undefined) Object.assign(requestBody.content, structuredClone(TABLES));
      Object.assign(answer.content, structuredClone(SERIES_ANSWERS));
      describeOptions(operation);
    } else if (operationId === "infer" || operationId === "inferVersion") {
      if (requestBody?.content !== undefined) {
        requestBody.content["application/octet-stream"] = structuredClone(BINARY);
      }
      answer.content["application/octet-stream"] = structuredClone(BINARY);
      answer.headers = { ...answer.headers, "Inference-Header-Content-Length": HEADER_LENGTH };
    }
  }
}

/** Options in the query get the schemas that they have as members of a JSON body. */
function describeOptions({ parameters = [] }: Operation): void {
  for (const name of TABLE_OPTIONS) {
    const parameter = parameters.find((given) => given.in === "query" && given.name === name);
    if (parameter === undefined) continue;
    const { description = "", ...schema } = structuredClone(optionSchema(name));
    parameter.schema = schema;
    const own = (description as string) || (parameter.description ?? "");
    parameter.description = `With a body of CSV or JSON lines alone. ${own}`.trim();
    if (name === "continuation") {
      parameter.description += " The address may have about 15 KiB; a longer one goes into a JSON body.";
    }
    // Commas between the parts, as `include=bounds,featureError`.
    if (name === "include") Object.assign(parameter, { style: "form", explode: false });
  }
}

function optionSchema(name: (typeof TABLE_OPTIONS)[number]): Schema {
  const [member, inner] = name.split(".") as [keyof typeof SeriesOptionsSchema.properties, string?];
  const schema = SeriesOptionsSchema.properties[member] as Schema;
  if (inner === undefined) return schema;
  const variants = schema["anyOf"] as { readonly properties: Readonly<Record<string, Schema>> }[];
  const found = variants.find(({ properties }) => inner in properties)!.properties[inner]!;
  return { description: schema["description"], ...found };
}
