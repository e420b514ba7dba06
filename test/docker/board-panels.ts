/** What the Grafana board shows: panels with their queries, by row. */

/** A panel: what it shows, its unit in Grafana's names, and its queries with the names of their lines. */
export interface PanelPlan {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly queries: readonly (readonly [expression: string, legend: string])[];
  /** A number by model in place of lines. */
  readonly isStat?: boolean;
}

const REPLICA = `instance=~"$instance"`;
const VERSION = `${REPLICA},model=~"$model"`;
const SCORING = `${REPLICA},route=~".*/(score|infer)"`;
const PER_SECOND = (metric: string, labels: string) => `rate(${metric}{${labels}}[$__rate_interval])`;
/** A quantile of a histogram, over all replicas. */
const quantile = (share: number, metric: string, labels: string, by = "") =>
  `histogram_quantile(${share}, sum by (le${by}) (${PER_SECOND(`${metric}_bucket`, labels)}))`;
const mean = (metric: string, labels: string) =>
  `sum(${PER_SECOND(`${metric}_sum`, labels)}) / sum(${PER_SECOND(`${metric}_count`, labels)})`;
const quantiles = (metric: string, labels: string): PanelPlan["queries"] =>
  [0.5, 0.95, 0.99].map((share) => [quantile(share, metric, labels), `p${share * 100}`]);
const NAMED = "{{model}} {{version}}";
const BY_VERSION = ", model, version";

/** By the title of a row. */
export const ROWS: Readonly<Record<string, readonly PanelPlan[]>> = {
  Traffic: [
    {
      title: "Requests by route",
      description: "Answered requests per second.",
      unit: "reqps",
      queries: [[`sum by (route) (${PER_SECOND("http_requests_total", REPLICA)})`, "{{route}}"]],
    },
    {
      title: "Answers by status",
      description: "429: the queue is full. 5xx: each has a line in the log.",
      unit: "reqps",
      queries: [[`sum by (status_code) (${PER_SECOND("http_requests_total", REPLICA)})`, "{{status_code}}"]],
    },
    {
      title: "Windows scored",
      description: "Windows per second, by version.",
      unit: "short",
      queries: [[`sum by (model, version) (${PER_SECOND("residua_windows_total", VERSION)})`, NAMED]],
    },
  ],
  Latency: [
    {
      title: "Score requests",
      description: "From a request's headers to the end of its answer, of the routes that score.",
      unit: "s",
      queries: quantiles("http_request_duration_seconds", SCORING),
    },
    {
      title: "p99 by route",
      description: "From a request's headers to the end of its answer.",
      unit: "s",
      queries: [[quantile(0.99, "http_request_duration_seconds", REPLICA, ", route"), "{{route}}"]],
    },
    {
      title: "Event loop",
      description: "How late the event loop is: 99 of 100 of its turns are at most so late.",
      unit: "s",
      queries: [[`nodejs_eventloop_lag_p99_seconds{${REPLICA}}`, "{{instance}}"]],
    },
  ],
  Queue: [
    {
      title: "Windows that wait",
      description: "Beyond the limit, requests are answered with 429.",
      unit: "short",
      queries: [
        [`residua_queue_windows{${REPLICA}}`, "{{instance}}"],
        [`min(residua_queue_limit_windows{${REPLICA}})`, "limit"],
      ],
    },
    {
      title: "Time in the queue",
      description: "How long the windows of a request waited for the engine.",
      unit: "s",
      queries: quantiles("residua_queue_wait_seconds", VERSION),
    },
    {
      title: "Refused",
      description: "Requests per second that found the queue full.",
      unit: "reqps",
      queries: [
        [`sum(${PER_SECOND("http_requests_total", `${REPLICA},status_code="429"`)}) or vector(0)`, "429"],
      ],
    },
  ],
  Engine: [
    {
      title: "Time of a run",
      description: "p99 of the engine's runs, by version.",
      unit: "s",
      queries: [[quantile(0.99, "residua_engine_seconds", VERSION, BY_VERSION), NAMED]],
    },
    {
      title: "What a run holds",
      description: "Means: the more windows and requests share a run, the more the engine gets done.",
      unit: "short",
      queries: [
        [mean("residua_batch_windows", REPLICA), "windows"],
        [mean("residua_batch_requests", REPLICA), "requests"],
      ],
    },
    {
      title: "Restarts",
      description: "How often the engine's threads or its process ended unasked, since the replica started.",
      unit: "short",
      queries: [[`residua_engine_restarts_total{${REPLICA}}`, "{{instance}}"]],
    },
    {
      title: "CPU",
      description: "Seconds of CPU per second: cores that are busy.",
      unit: "short",
      queries: [[PER_SECOND("process_cpu_seconds_total", REPLICA), "{{instance}}"]],
    },
    {
      title: "Memory",
      description: "Resident memory of the service's process.",
      unit: "bytes",
      queries: [[`process_resident_memory_bytes{${REPLICA}}`, "{{instance}}"]],
    },
  ],
  Models: [
    {
      title: "Models that are ready",
      description: "1 where the newest valid version and all alias targets are live on every replica.",
      unit: "short",
      isStat: true,
      queries: [[`min by (model) (residua_model_ready{${VERSION}})`, "{{model}}"]],
    },
    {
      title: "Versions by state",
      description: "A refused version has its reason in GET /v1/models.",
      unit: "short",
      queries: [
        [
          `count by (state) (max by (model, version, state) (residua_model_version{${VERSION}}))`,
          "{{state}}",
        ],
      ],
    },
  ],
  Anomalies: [
    {
      title: "Anomalous share",
      description:
        "Of all windows of the last ten minutes, by version. The threshold of most versions is made for the asked rate.",
      unit: "percentunit",
      queries: [
        [
          `sum by (model, version) (rate(residua_anomalous_windows_total{${VERSION}}[10m])) / sum by (model, version) (rate(residua_windows_total{${VERSION}}[10m]))`,
          NAMED,
        ],
        [`max by (model, version) (residua_false_alarm_rate{${VERSION}})`, `${NAMED}: asked`],
      ],
    },
    {
      title: "Median score",
      description: "By version. A score has no unit; its threshold is in the model's manifest.",
      unit: "short",
      queries: [[quantile(0.5, "residua_window_score", VERSION, BY_VERSION), NAMED]],
    },
    {
      title: "99 % quantile of scores",
      description: "By version.",
      unit: "short",
      queries: [[quantile(0.99, "residua_window_score", VERSION, BY_VERSION), NAMED]],
    },
    {
      title: "Drift",
      description:
        "The share of series answers of the last hour that said that the normal level has moved, of those that could tell.",
      unit: "percentunit",
      queries: [
        [
          `sum by (model, version) (increase(residua_drift_moved_answers_total{${VERSION}}[1h])) / sum by (model, version) (increase(residua_drift_answers_total{${VERSION}}[1h]))`,
          NAMED,
        ],
      ],
    },
    {
      title: "Moved, by the last answer",
      description: "1 where the last series answer that could tell said that the normal level has moved.",
      unit: "short",
      isStat: true,
      queries: [[`max by (model, version) (residua_drift_moved{${VERSION}})`, NAMED]],
    },
  ],
};
