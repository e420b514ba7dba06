/** What each error means and what to do about it, for the pages that the `type` of a problem leads to. */
import type { ErrorCode } from "../errors.js";

export interface ProblemText {
  readonly meaning: string;
  /** What usually causes it. */
  readonly causes: readonly string[];
  readonly remedy: string;
}

const RETRY = "Send the same request again after the seconds that the header Retry-After says.";

export const PROBLEM_TEXTS: Readonly<Record<ErrorCode, ProblemText>> = {
  INVALID_JSON: {
    meaning:
      "The body cannot be read as JSON. The detail says at which line and column reading stopped, and why.",
    causes: [
      "NaN or Infinity for a missing reading, as Python's json.dumps writes them; JSON has neither.",
      "A body that was cut off, or is compressed without the header Content-Encoding.",
      "Text in another encoding than UTF-8.",
    ],
    remedy:
      "Send null for a missing reading. Write the body with a JSON library that refuses what JSON does not have (in Python, allow_nan=False).",
  },
  INVALID_REQUEST: {
    meaning:
      "The request was read, and something in it is not what the route takes. Each entry of errors has a JSON pointer to the place, and what may stand there.",
    causes: [
      "A member that the route does not know; unknown ones are refused, so that a misspelt option is not ignored.",
      "A value of another type: a number sent as text, for example. Nothing is converted.",
      "Both windows and series in one request, or neither.",
    ],
    remedy: "Correct the place that the error names. The page /docs shows every member, with an example.",
  },
  NON_FINITE_VALUE: {
    meaning:
      "A number is too large for a 64-bit float, or is infinite or NaN in a binary tensor that may have neither.",
    causes: ["A number such as 1e999.", "A sensor's overflow that was sent on as infinity."],
    remedy: "Send null (in a binary tensor, NaN) for a reading that is missing or not usable.",
  },
  CONTINUATION_INVALID: {
    meaning: "The continuation in the request does not fit: its scores cannot be carried on.",
    causes: [
      "It was made by another version of the model, as after a new version went live.",
      "Scorer, threshold, stride or maxGapMs are others than in the request before.",
      "It was cut off or changed on the way.",
    ],
    remedy: 'Begin a new stream with "continuation": "" and at least one window of rows.',
  },
  UNAUTHORIZED: {
    meaning: "The route needs a bearer token, and the request has none, or a wrong one.",
    causes: [
      "The header Authorization is missing, or does not begin with Bearer.",
      "The API token was sent to a route that needs the admin token.",
    ],
    remedy:
      "Send the header Authorization: Bearer TOKEN. The tokens are the settings RESIDUA_API_TOKEN and RESIDUA_ADMIN_TOKEN of the service.",
  },
  MODEL_NOT_FOUND: {
    meaning: "There is no model of this name. The detail lists those there are.",
    causes: [
      "A misspelt name.",
      "A model that was published to another folder than the service reads (RESIDUA_MODELS).",
    ],
    remedy: "Ask GET /v1/models for the names.",
  },
  VERSION_NOT_FOUND: {
    meaning: "The model has no such version, or the version is stored and does not serve.",
    causes: [
      "Only the newest versions and those that an alias names serve; RESIDUA_LIVE_VERSIONS says how many.",
      "The version was refused when it was loaded; GET /v1/models has the reason.",
    ],
    remedy: "Ask GET /v1/models for the versions that are live, or set an alias to the one you need.",
  },
  ALIAS_NOT_FOUND: {
    meaning: "The model has no such alias. The detail lists those it has.",
    causes: ["A misspelt alias.", "The alias was deleted."],
    remedy: "Ask GET /v1/models for the aliases, or leave the alias out.",
  },
  JOB_NOT_FOUND: {
    meaning: "No training or renewal of this id is known.",
    causes: [
      "It ended more than 7 days ago.",
      "The id was cut off or belongs to another service.",
      "Models are in an object store, RESIDUA_REDIS_URL is not set, and another replica has taken the job: each knows only its own.",
    ],
    remedy:
      "GET /v1/jobs lists the jobs that wait or run and the last ones that have ended. Several replicas on an object store need RESIDUA_REDIS_URL to have their jobs in common.",
  },
  ROUTE_NOT_FOUND: {
    meaning: "The service has no such path. The detail lists those it has.",
    causes: [
      "A misspelt path.",
      "A route that changes something, of a service without RESIDUA_ADMIN_TOKEN: it has none of them.",
    ],
    remedy: "The page /docs shows all routes.",
  },
  METHOD_NOT_ALLOWED: {
    meaning: "The path is right, and its method is another.",
    causes: ["A GET where the route takes POST.", "A redirection that turned a POST into a GET."],
    remedy: "The header Allow of the answer says which methods the path takes.",
  },
  CONFLICT: {
    meaning:
      "The request is right, but what is there does not allow it. The detail says what stands in the way.",
    causes: [
      "The folder of models is read-only, or another change is under way.",
      "An Idempotency-Key was sent before, with another body or other options.",
      "A renewed version is worse than the one that is live, so it is not published.",
    ],
    remedy: "Remove what stands in the way, then send the request again.",
  },
  BODY_TOO_LARGE: {
    meaning: "The body has more bytes than the service takes. Of a compressed body, the decoded bytes count.",
    causes: ["Very many windows, or a very long series, in one request."],
    remedy:
      "Send several requests (a series by continuation), use binary tensors under /v2, or raise RESIDUA_BODY_LIMIT_BYTES.",
  },
  TOO_MANY_WINDOWS: {
    meaning: "The request has more windows than the queue can ever hold, so that it would never be admitted.",
    causes: ["Very many windows in one request. A series has no such limit."],
    remedy: "Send fewer windows in each request, or raise RESIDUA_MAX_QUEUE_WINDOWS.",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    meaning: "The service does not read bodies of this Content-Type, charset or Content-Encoding.",
    causes: [
      "The header Content-Type is missing: many clients then send another type.",
      "A Content-Encoding that is not taken; the answer then has the header Accept-Encoding with those that are.",
    ],
    remedy:
      "Send JSON in UTF-8 with Content-Type: application/json, as it is or compressed by gzip, deflate or br.",
  },
  SHAPE_MISMATCH: {
    meaning: "The windows or rows do not have the shape of this model. The detail says both shapes.",
    causes: [
      "Another number of timesteps in a window than the model was trained with.",
      "A feature too many or too few in a row.",
      "A series that is shorter than one window.",
    ],
    remedy: "GET /v1/models/NAME says how many timesteps a window has, and which features, in which order.",
  },
  UNSUPPORTED_BY_MODEL: {
    meaning:
      "The request is right, but this model cannot give what it asks for. The detail says what it can give.",
    causes: [
      "A part to include that the network has no head for.",
      "A scorer that the model is not calibrated for.",
      "A false-alarm rate lower than the calibration data can support.",
    ],
    remedy: "Ask for what the detail lists, or train a model that has it.",
  },
  INVALID_DATA: {
    meaning:
      "The training data were sent whole, and nothing can be learnt from them. The detail says why, with line and column where it is about a place.",
    causes: [
      "A cell that is not a number, in a column of numbers.",
      "Too few rows for a window, or more than a job takes (RESIDUA_JOB_MAX_ROWS).",
      "An option names a column that the data do not have.",
    ],
    remedy:
      "Correct the data, or say with an option how they are to be read. residua inspect shows what would be taken of a file.",
  },
  QUEUE_FULL: {
    meaning:
      "More windows wait than the service may keep waiting. The request was not queued, and nothing of it was run.",
    causes: ["More requests than the engine can run."],
    remedy: `${RETRY} It follows from how fast the queue empties. If this is usual, add replicas or raise RESIDUA_MAX_QUEUE_WINDOWS.`,
  },
  TOO_MANY_JOBS: {
    meaning: "As many jobs wait as may.",
    causes: ["Jobs are ordered faster than they are trained.", "No service that takes jobs runs any more."],
    remedy:
      "Order it again when a job has ended, raise RESIDUA_MAX_JOBS where there are cores and memory, or RESIDUA_MAX_QUEUED_JOBS.",
  },
  INFERENCE_FAILED: {
    meaning: "The engine failed while it ran the windows of this request.",
    causes: ["A fault of the engine or of its device, such as a lack of memory."],
    remedy:
      "Look for the request's id (the header X-Request-Id) in the log of the service; it has the cause.",
  },
  INTERNAL: {
    meaning: "The service failed in a way that none of its checks foresaw.",
    causes: ["A defect of the service."],
    remedy:
      "Look for the request's id (the header X-Request-Id) in the log of the service, and report what it says.",
  },
  MODEL_NOT_READY: {
    meaning: "The service, or the model, is being loaded and cannot answer yet.",
    causes: ["The service was started a moment ago.", "A version is being loaded or replaced."],
    remedy: `${RETRY} A load balancer that asks /readyz sends no requests here meanwhile.`,
  },
  SHUTTING_DOWN: {
    meaning: "The service is ending and takes no new requests; those under way are still answered.",
    causes: ["A deployment, or a restart of the container."],
    remedy:
      "Send the request to another replica, or again after the seconds that the header Retry-After says.",
  },
  STORE_UNAVAILABLE: {
    meaning:
      "The object store or the volume that holds the models did not do what was asked of it; an object store was asked several times. What is live is served all the same.",
    causes: [
      "The store or the volume, or the network on the way to it, is down or overloaded.",
      "Credentials that have expired, or a bucket that is not there; a volume that is full.",
    ],
    remedy: `${RETRY} The detail, and the log of the service, say what the store answered. Whether the change was made meanwhile, GET /v1/models shows.`,
  },
  JOBS_UNAVAILABLE: {
    meaning:
      "Jobs are kept in Redis, and Redis does not answer the service now. Jobs that were accepted are not lost, and scoring goes on.",
    causes: [
      "Redis is being restarted, or the network to it is cut.",
      "The address or the password in RESIDUA_REDIS_URL is wrong; the service's log has the reason.",
    ],
    remedy: `${RETRY} With an Idempotency-Key, an order that did arrive is not carried out twice.`,
  },
  ENGINE_RESTARTING: {
    meaning: "The process that runs the models on the device ended, and is being started anew.",
    causes: ["A crash of the device's driver or of TensorFlow."],
    remedy: RETRY,
  },
  DEADLINE_EXCEEDED: {
    meaning:
      "The time that the caller gave (X-Request-Timeout-Ms) passed before the engine began with the windows. They were not run.",
    causes: ["A long queue.", "A timeout shorter than the work takes."],
    remedy: "Give more time, or send the request again when there is less to do.",
  },
  INSUFFICIENT_STORAGE: {
    meaning:
      "The volume of models is full, or has less room than the data need; or jobs that have not ended hold as much data in Redis as they may.",
    causes: ["Many old versions, or large data of jobs that wait."],
    remedy:
      "Delete versions that nobody uses, wait for jobs to end, or give the volume (with Redis: RESIDUA_REDIS_DATA_BYTES) more room; then send the request again.",
  },
};
