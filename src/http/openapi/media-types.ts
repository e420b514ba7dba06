/** The forms of bodies and answers beside JSON, which the routes' schemas do not have. */
import { type Document, operationsOf } from "./document.js";

/** A response header's length of the JSON in a body with binary tensors. */
const HEADER_LENGTH = {
  description: "The length of the JSON at the start of the body",
  schema: { type: "integer", minimum: 0 },
};
const BINARY = { schema: { type: "string", contentMediaType: "application/octet-stream" } };
/** Forms of training data beside a JSON series. */
const TABLES = {
  "text/csv": { schema: { type: "string", description: "As residua train reads files" } },
  "application/x-ndjson": { schema: { type: "string", description: "A JSON object a line" } },
  "application/vnd.apache.parquet": {
    schema: { type: "string", contentMediaType: "application/vnd.apache.parquet" },
  },
};
const LINES = {
  schema: {
    type: "string",
    description: "A line of JSON for model and threshold, each timestep, each event, and the rest",
  },
};

/** Series as a table, in a body and in an answer. */
const CSV_SERIES = {
  schema: {
    type: "string",
    description: "A header with the features' names and a column of times, then the rows",
  },
};
const LINES_SERIES = { schema: { type: "string", description: "A JSON array or object of readings a line" } };
const CSV_ANSWER = { schema: { type: "string", description: "A header, then a row for each timestep" } };
const ARROW_ANSWER = { schema: { type: "string", contentMediaType: "application/vnd.apache.arrow.stream" } };

/** Adds them; changes the document. */
export function addMediaTypes(document: Document): void {
  for (const [, , { operationId, requestBody, responses }] of operationsOf(document)) {
    if (
      requestBody?.content !== undefined &&
      (operationId === "trainModel" || operationId === "renewModel")
    ) {
      Object.assign(requestBody.content, structuredClone(TABLES));
    }
    const answer = responses["200"];
    if (answer?.content === undefined) continue;
    if (operationId === "score") {
      Object.assign(requestBody?.content ?? {}, {
        "text/csv": structuredClone(CSV_SERIES),
        "application/x-ndjson": structuredClone(LINES_SERIES),
      });
      Object.assign(answer.content, {
        "application/x-ndjson": structuredClone(LINES),
        "text/csv": structuredClone(CSV_ANSWER),
        "application/vnd.apache.arrow.stream": structuredClone(ARROW_ANSWER),
      });
    } else if (operationId === "infer" || operationId === "inferVersion") {
      if (requestBody?.content !== undefined) {
        requestBody.content["application/octet-stream"] = structuredClone(BINARY);
      }
      answer.content["application/octet-stream"] = structuredClone(BINARY);
      answer.headers = { ...answer.headers, "Inference-Header-Content-Length": HEADER_LENGTH };
    }
  }
}
