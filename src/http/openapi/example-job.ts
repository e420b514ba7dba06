/** A job as examples have it. */

export const QUEUED_JOB = {
  id: "00mwxj0xxi6ryb8leottnmqz",
  kind: "train",
  model: "pump",
  state: "queued",
  createdAt: "2026-05-04T10:00:00.000Z",
  startedAt: null,
  endedAt: null,
  progress: null,
  data: null,
  warnings: [],
  version: null,
  problem: null,
};

export const DONE_JOB = {
  ...QUEUED_JOB,
  state: "done",
  startedAt: "2026-05-04T10:00:00.120Z",
  endedAt: "2026-05-04T10:00:31.004Z",
  progress: { epoch: 40, epochs: 100, loss: 0.0213, validationLoss: null, fold: null },
  data: {
    rows: 4032,
    time: {
      columns: ["timestamp"],
      first: "2026-04-20T00:00:00Z",
      last: "2026-05-03T23:55:00Z",
      stepMs: 300_000,
      duplicates: 0,
      gaps: 0,
      ordered: true,
    },
    group: null,
    features: [
      { name: "flow", unit: "m3/h", min: 2.1, median: 3.2, max: 4.4, missing: 3, distinct: 812 },
      { name: "temperature", unit: "C", min: 18.2, median: 20.4, max: 24.9, missing: 0, distinct: 611 },
    ],
    leftOut: [],
    notes: [],
  },
  version: "4",
};

export const TRAINING_SERIES = {
  columns: ["flow", "temperature"],
  timestamps: ["2026-05-04T10:00:00Z", "2026-05-04T10:05:00Z"],
  series: [
    [3.1, 20.4],
    [3.3, null],
  ],
};
