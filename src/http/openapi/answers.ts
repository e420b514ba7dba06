/** What the answers of all operations have: headers, and an example of each error. */
import { ERRORS, type ErrorCode } from "../../errors.js";
import { PROBLEM_CONTENT_TYPE, problemBody } from "../problem.js";
import { PROBLEM_EXAMPLES } from "../problem-examples.js";
import { type Answer, type Document, type Operation, operationsOf } from "./document.js";

const reference = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });

const HEADERS: Readonly<Record<string, { description: string; schema: object }>> = {
  "X-Request-Id": {
    description:
      "The caller's X-Request-Id, or one that was made for the request; it is in the service's log",
    schema: { type: "string" },
  },
  "Retry-After": {
    description: "Whole seconds after which the same request may succeed",
    schema: { type: "integer", minimum: 1 },
  },
  Allow: { description: "The methods that the path takes", schema: { type: "string" } },
  "WWW-Authenticate": { description: "How to authenticate", schema: { type: "string" } },
};

/** Headers that an error's answer has beside the id. */
const ERROR_HEADERS: Readonly<Record<string, string>> = {
  401: "WWW-Authenticate",
  405: "Allow",
  429: "Retry-After",
  503: "Retry-After",
};

/** The errors of a status, where the route does not say which it has. */
const USUAL: Readonly<Record<string, readonly ErrorCode[]>> = {
  400: ["INVALID_REQUEST"],
  401: ["UNAUTHORIZED"],
  404: ["MODEL_NOT_FOUND", "VERSION_NOT_FOUND"],
  405: ["METHOD_NOT_ALLOWED"],
  500: ["INTERNAL"],
  503: ["SHUTTING_DOWN"],
};
/** The same for POST .../infer. */
const USUAL_OF_INFER: Readonly<Record<string, readonly ErrorCode[]>> = {
  400: ["INVALID_JSON", "INVALID_REQUEST", "NON_FINITE_VALUE"],
  413: ["BODY_TOO_LARGE", "TOO_MANY_WINDOWS"],
  415: ["UNSUPPORTED_MEDIA_TYPE"],
  422: ["SHAPE_MISMATCH", "UNSUPPORTED_BY_MODEL"],
  429: ["QUEUE_FULL"],
  500: ["INFERENCE_FAILED", "INTERNAL"],
  503: ["MODEL_NOT_READY", "SHUTTING_DOWN", "ENGINE_RESTARTING"],
  504: ["DEADLINE_EXCEEDED"],
};

/**
 * Adds the errors that every route can have, headers, and examples of errors; changes the document.
 *
 * @param problem the schema of errors, and `inferError` of those under /v2.
 */
export function completeAnswers(document: Document, problem: object, inferError: object): void {
  document.components["headers"] = HEADERS;
  const examples: Record<string, object> = {};
  for (const [path, , operation] of operationsOf(document)) {
    const isInference = path === "/v2" || path.startsWith("/v2/");
    const errorType = isInference ? "application/json" : PROBLEM_CONTENT_TYPE;
    for (const status of ["400", "401", "404", "405", "500", "503"]) {
      if (!canHave(path, operation, status)) continue;
      operation.responses[status] ??= {
        content: { [errorType]: { schema: structuredClone(isInference ? inferError : problem) as never } },
      };
    }
    for (const [status, answer] of Object.entries(operation.responses)) {
      answer.headers = { ...answer.headers, "X-Request-Id": reference("headers", "X-Request-Id") };
      if (Number(status) < 400) continue;
      const header = ERROR_HEADERS[status];
      if (header !== undefined) answer.headers[header] = reference("headers", header);
      addExamples(answer, codesOf(answer, status, isInference), isInference, examples);
    }
  }
  document.components["examples"] = Object.fromEntries(
    Object.entries(examples).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function canHave(path: string, { security, parameters = [] }: Operation, status: string): boolean {
  const hasParameters = parameters.some((parameter) => parameter.in !== "header");
  if (status === "400") return hasParameters;
  if (status === "404") return path.includes("{");
  if (status === "401") return security?.length !== 0;
  if (status === "503") return path !== "/livez" && path !== "/v2/health/live";
  return true;
}

/** The codes that a route names in the description of its answer, else the usual ones of the status. */
function codesOf({ description = "" }: Answer, status: string, isInference: boolean): readonly ErrorCode[] {
  const named = (Object.keys(ERRORS) as ErrorCode[]).filter((code) =>
    new RegExp(`\\b${code}\\b`).test(description),
  );
  if (named.length > 0) return named;
  const usual = isInference ? { ...USUAL, ...USUAL_OF_INFER } : USUAL;
  return usual[status] ?? [];
}

function addExamples(
  answer: Answer,
  codes: readonly ErrorCode[],
  isInference: boolean,
  examples: Record<string, object>,
): void {
  answer.description = codes.map((code) => `${code}: ${ERRORS[code].title}`).join(". ");
  for (const media of Object.values(answer.content ?? {})) {
    media.examples = {};
    for (const code of codes) {
      const name = isInference ? `infer.${code}` : code;
      examples[name] = { summary: ERRORS[code].title, value: exampleOf(code, isInference) };
      media.examples[code] = reference("examples", name);
    }
  }
}

function exampleOf(code: ErrorCode, isInference: boolean): unknown {
  const { detail, instance = "/v1/models/pump/score", errors } = PROBLEM_EXAMPLES[code];
  if (isInference) return { error: detail };
  return JSON.parse(
    problemBody({ code, status: ERRORS[code].status, message: detail, violations: errors ?? [] }, instance),
  );
}
