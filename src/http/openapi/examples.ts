/** Requests and answers of each operation, for the OpenAPI document: of a model with windows of 2 timesteps of 2 features. */
import { type Document, operationsOf } from "./document.js";
import { DONE_JOB, QUEUED_JOB, TRAINING_SERIES } from "./example-job.js";
import { LISTED, MANIFEST, METADATA } from "./example-model.js";

interface Examples {
  /** By the name of the example. */
  readonly requests?: Readonly<Record<string, unknown>>;
  readonly answers?: Readonly<Record<string, unknown>>;
}

const MODEL = { name: "pump", version: "4", sha256: "9f2c".repeat(16), engine: "wasm", device: "cpu" };
const WINDOWS = [
  [
    [3.1, 20.4],
    [3.3, null],
  ],
];
const TIMING = { queueMs: 0.112, computeMs: 1.734 };
const DRIFT = { moved: true, since: 1536, pValue: 0.0004, share: 0.31 };
const INFER: Examples = {
  requests: {
    json: {
      inputs: [{ name: "windows", datatype: "FP32", shape: [1, 2, 2], data: [3.1, 20.4, 3.3, null] }],
      outputs: [{ name: "score" }],
    },
  },
  answers: {
    json: {
      model_name: "pump",
      model_version: "4",
      outputs: [{ name: "score", datatype: "FP32", shape: [1], data: [0.0312] }],
    },
  },
};

const EXAMPLES: Readonly<Record<string, Examples>> = {
  checkLiveness: { answers: { alive: { status: "ok" } } },
  checkReadiness: { answers: { ready: { status: "ready", problem: null } } },
  listModels: { answers: { models: { models: [LISTED], problem: null } } },
  getModel: { answers: { manifest: MANIFEST } },
  getVersion: { answers: { manifest: MANIFEST } },
  setAlias: { requests: { version: { version: "4" } }, answers: { model: LISTED } },
  deleteAlias: { answers: { model: { ...LISTED, aliases: {} } } },
  getActivity: {
    answers: {
      activity: {
        since: "2026-05-04T09:12:40.003Z",
        windows: 12_000,
        anomalousShare: 0.0121,
        scores: { edges: [0.01, 0.1, 1], counts: [2000, 9000, 990, 10] },
        drift: DRIFT,
      },
    },
  },
  getCalibration: {
    answers: {
      calibration: {
        scorers: {
          squared: {
            windows: { n: 4031, blocks: 125, quantiles: [[0.5, 0.021]] },
            timesteps: { n: 4062, blocks: 125, quantiles: [[0.5, 0.019]] },
          },
        },
        alarms: {
          scorer: "squared",
          begin: { k: 3, n: 5 },
          end: 0.12,
          perWeek: [[0.343, 0.8]],
          per1000Rows: [[0.343, 0.4]],
        },
      },
    },
  },
  score: {
    requests: {
      windows: {
        windows: [
          [
            [3.1, 20.4],
            [3.3, null],
          ],
        ],
        include: ["timestepError", "reconstruction"],
      },
      series: {
        series: [
          [3.1, 20.4],
          [3.3, 20.6],
          [9.8, 20.5],
        ],
        timestamps: ["2026-05-04T10:00:00Z", "2026-05-04T10:05:00Z", "2026-05-04T10:10:00Z"],
        threshold: { falseAlarms: "1/week" },
      },
    },
    answers: {
      windows: {
        model: MODEL,
        threshold: { value: 0.587, method: "conformal", scorer: "squared", falseAlarmRate: 0.01 },
        windows: [
          {
            score: 0.0312,
            pValue: 0.41,
            anomalous: false,
            coverage: 0.75,
            timestepError: [0.0281, 0.0374],
            reconstruction: [
              [3.05, 20.31],
              [3.21, 20.55],
            ],
          },
        ],
        timing: TIMING,
      },
      series: {
        model: MODEL,
        threshold: {
          value: 0.343,
          method: "falseAlarms",
          scorer: "squared",
          falseAlarmRate: null,
          falseAlarms: "1/week",
          alarm: { k: 1, n: 1, endValue: 0.12 },
        },
        timesteps: {
          from: 0,
          final: 2,
          score: [0.031, 0.044, 8.213],
          anomalous: [false, false, true],
          pValue: [0.41, 0.33, 0.0002],
        },
        events: [
          {
            id: 0,
            start: 2,
            end: 2,
            peak: 2,
            score: 8.213,
            open: true,
            features: [
              { name: "flow", share: 0.98 },
              { name: "temperature", share: 0.02 },
            ],
          },
        ],
        drift: null,
        timing: TIMING,
      },
    },
  },
  listJobs: { answers: { jobs: { jobs: [DONE_JOB] } } },
  getJob: { answers: { done: DONE_JOB } },
  cancelJob: {
    answers: { cancelled: { ...DONE_JOB, state: "cancelled", version: null } },
  },
  trainModel: { requests: { series: TRAINING_SERIES }, answers: { queued: QUEUED_JOB } },
  renewModel: {
    requests: { series: TRAINING_SERIES },
    answers: { queued: { ...QUEUED_JOB, kind: "renew" } },
  },
  getSample: { answers: { sample: { windows: WINDOWS } } },
  readFile: {
    answers: {
      readings: {
        features: ["flow", "temperature"],
        maxGapMs: 3_000_000,
        notes: [],
        series: [
          {
            group: null,
            rows: 2,
            timestamps: [1_777_888_800_000, 1_777_889_100_000],
            readings: [
              [3.1, 3.3],
              [20.4, null],
            ],
          },
        ],
      },
    },
  },
  infer: INFER,
  inferVersion: INFER,
  getServerMetadata: {
    answers: { server: { name: "residua", version: "0.1.0", extensions: ["binary_tensor_data"] } },
  },
  checkServerLive: { answers: { live: { live: true } } },
  checkServerReady: { answers: { ready: { ready: true } } },
  checkModelReady: { answers: { ready: { name: "pump", ready: true } } },
  checkVersionReady: { answers: { ready: { name: "pump", ready: true } } },
  getModelMetadata: { answers: { metadata: METADATA } },
  getVersionMetadata: { answers: { metadata: METADATA } },
  listRepository: { answers: { index: [{ name: "pump", version: "4", state: "READY", reason: "" }] } },
};

/** Adds them to bodies and answers in JSON; changes the document. */
export function addStaticExamples(document: Document): void {
  for (const [, , { operationId = "", requestBody, responses }] of operationsOf(document)) {
    const { requests, answers } = EXAMPLES[operationId] ?? {};
    const request = requestBody?.content?.["application/json"];
    if (request !== undefined && requests !== undefined) request.examples = named(requests);
    for (const status of ["200", "202"]) {
      const answer = responses[status]?.content?.["application/json"];
      if (answer !== undefined && answers !== undefined) answer.examples = named(answers);
    }
  }
}

function named(examples: Readonly<Record<string, unknown>>): Record<string, object> {
  return Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]));
}
