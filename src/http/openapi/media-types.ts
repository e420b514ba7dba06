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
      answer.content["application/x-ndjson"] = structuredClone(LINES);
    } else if (operationId === "infer" || operationId === "inferVersion") {
      if (requestBody?.content !== undefined) {
        requestBody.content["application/octet-stream"] = structuredClone(BINARY);
      }
      answer.content["application/octet-stream"] = structuredClone(BINARY);
      answer.headers = { ...answer.headers, "Inference-Header-Content-Length": HEADER_LENGTH };
    }
  }
}
