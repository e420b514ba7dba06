/** What the service does right now, drawn from `/metrics`. The page keeps the last minutes while it is open. */
import { getMetricsText } from "./api.js";
import { h, loading } from "./dom.js";
import { formatCount, formatDuration, formatNumber, formatSeconds, formatShare } from "./format.js";
import type { View } from "./link.js";
import { bucketsSince, Metrics, quantileOf } from "./metrics-text.js";
import { barsOf, processFacts, upMs, versionTable } from "./operations-tables.js";
import { problemBox } from "./problem-box.js";
import { sparkline } from "./sparkline.js";

const EVERY_MS = 3000;
const MOST_POINTS = 200;

/** Figures of the time between two looks. */
interface Moment {
  readonly requests: number;
  readonly windows: number;
  readonly latency: number | undefined;
  readonly queue: number;
  readonly engine: number | undefined;
  readonly memory: number;
}

const history: Moment[] = [];
let last: Metrics | undefined;

/** Requests that score, not those of the page itself. */
const isScoring = ({ route = "" }: Readonly<Record<string, string>>) =>
  route.endsWith("/score") || route.endsWith("/infer");

export function operationsPage(_view: View, signal: AbortSignal): HTMLElement {
  const content = h("div", {}, loading("Reading the metrics"));
  const root = h(
    "div",
    { class: "page" },
    h(
      "div",
      { class: "row between" },
      h("h1", {}, "Operations"),
      h(
        "p",
        { class: "quiet small" },
        `Read every ${formatDuration(EVERY_MS)} from `,
        h("a", { href: "/metrics" }, "/metrics"),
      ),
    ),
    content,
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = async (): Promise<void> => {
    try {
      // A page that no one sees asks for nothing.
      if (!document.hidden || last === undefined) {
        const now = new Metrics(await getMetricsText(), performance.now());
        if (signal.aborted) return;
        if (last !== undefined) remember(momentBetween(last, now));
        last = now;
        content.replaceChildren(...draw(now));
      }
    } catch (error) {
      if (!signal.aborted) content.replaceChildren(problemBox(error));
    }
    if (!signal.aborted) timer = setTimeout(() => void look(), EVERY_MS);
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  void look();
  return root;
}

function remember(moment: Moment): void {
  history.push(moment);
  if (history.length > MOST_POINTS) history.shift();
}

function momentBetween(before: Metrics, now: Metrics): Moment {
  const seconds = (now.atMs - before.atMs) / 1000 || 1;
  const since = (name: string, passes?: Parameters<Metrics["sum"]>[1]) =>
    Math.max(0, now.sum(name, passes) - before.sum(name, passes)) / seconds;
  const histogram = (name: string, passes?: Parameters<Metrics["sum"]>[1]) =>
    bucketsSince(now.buckets(name, passes), before.buckets(name, passes));
  return {
    requests: since("http_request_duration_seconds_count", isScoring),
    windows: since("residua_windows_total"),
    latency: quantileOf(histogram("http_request_duration_seconds", isScoring), 0.99),
    queue: now.sum("residua_queue_windows"),
    engine: quantileOf(histogram("residua_engine_seconds"), 0.5),
    memory: now.sum("process_resident_memory_bytes"),
  };
}

function draw(now: Metrics): HTMLElement[] {
  const moment = history.at(-1);
  const tile = (
    title: string,
    value: string,
    unit: string,
    of: (one: Moment) => number | undefined,
    note: string,
  ) =>
    h(
      "section",
      { class: "card tile" },
      h("h2", {}, title),
      h("p", { class: "big" }, value, " ", h("small", {}, unit)),
      sparkline(history.map(of), `${title}, the last ${formatDuration(history.length * EVERY_MS)}`),
      h("p", { class: "quiet small" }, note),
    );
  const requests = now.sum("http_request_duration_seconds_count", isScoring);
  const failed = now.sum(
    "http_request_duration_seconds_count",
    (labels) => isScoring(labels) && Number(labels["status_code"]) >= 400,
  );
  const limit = now.sum("residua_queue_limit_windows");
  const all = now.buckets("http_request_duration_seconds", isScoring);
  return [
    h(
      "div",
      { class: "tiles" },
      tile(
        "Scoring requests",
        formatNumber(moment?.requests ?? 0),
        "a second",
        (one) => one.requests,
        `${formatCount(requests)} since the start, ${formatShare(requests === 0 ? 0 : failed / requests)} of them refused or failed`,
      ),
      tile(
        "Windows",
        formatNumber(moment?.windows ?? 0),
        "a second",
        (one) => one.windows,
        `${formatCount(now.sum("residua_windows_total"))} since the start, ${formatCount(now.sum("residua_anomalous_windows_total"))} anomalous`,
      ),
      tile(
        "Latency, p99",
        formatSeconds(moment?.latency),
        "",
        (one) => one.latency,
        `since the start: p50 ${formatSeconds(quantileOf(all, 0.5))}, p99 ${formatSeconds(quantileOf(all, 0.99))}`,
      ),
      tile(
        "Queue",
        formatCount(moment?.queue ?? now.sum("residua_queue_windows")),
        "windows",
        (one) => one.queue,
        `at most ${formatCount(limit)}; more is refused with 429`,
      ),
      tile(
        "Engine run, median",
        formatSeconds(moment?.engine),
        "",
        (one) => one.engine,
        `${formatCount(now.buckets("residua_engine_seconds").count)} runs since the start`,
      ),
      tile(
        "Memory",
        formatCount(now.sum("process_resident_memory_bytes") / 1048576),
        "MiB",
        (one) => one.memory,
        `up for ${formatDuration(upMs(now))}`,
      ),
    ),
    h(
      "div",
      { class: "beside" },
      h(
        "section",
        { class: "card" },
        h("h2", {}, "Windows in an engine run"),
        barsOf(now.buckets("residua_batch_windows"), "No run yet."),
      ),
      h(
        "section",
        { class: "card" },
        h("h2", {}, "Requests that shared a run"),
        barsOf(now.buckets("residua_batch_requests"), "No run yet."),
      ),
    ),
    h("section", { class: "card" }, h("h2", {}, "Versions"), versionTable(now)),
    h("section", { class: "card" }, h("h2", {}, "Process"), processFacts(now)),
  ];
}
