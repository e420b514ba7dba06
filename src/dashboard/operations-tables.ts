/** The lower part of the operations page: histograms, versions, and the process. */
import { facts, h, stateTag, table } from "./dom.js";
import { formatCount, formatDuration, formatSeconds, formatShare } from "./format.js";
import { type Buckets, type Metrics, quantileOf } from "./metrics-text.js";

export function upMs(now: Metrics): number {
  return Math.max(0, Date.now() - now.sum("process_start_time_seconds") * 1000);
}

export function processFacts(now: Metrics): HTMLElement {
  const version = now.samples("nodejs_version_info")[0]?.labels["version"];
  return facts(
    ["Node", version],
    ["Processor time", formatDuration(now.sum("process_cpu_seconds_total") * 1000)],
    ["Event loop lag, p99", formatSeconds(now.sum("nodejs_eventloop_lag_p99_seconds"))],
    ["Heap of V8", `${formatCount(now.sum("nodejs_heap_size_used_bytes") / 1048576)} MiB`],
    ["Open files", formatCount(now.sum("process_open_fds"))],
  );
}

/** A bar for each range of a histogram that has something in it. */
export function barsOf({ bounds, counts, count }: Buckets, nothing: string): HTMLElement {
  if (count === 0) return h("p", { class: "empty small" }, nothing);
  const most = Math.max(...counts);
  return h(
    "div",
    { class: "bars" },
    ...bounds.flatMap((bound, i) => {
      if (counts[i] === 0) return [];
      const below = i === 0 ? 0 : bounds[i - 1]!;
      const bar = h("i", {});
      bar.style.width = `${Math.max(1, (100 * counts[i]!) / most)}%`;
      const range = !Number.isFinite(bound)
        ? `over ${below}`
        : bound - below <= 1
          ? String(bound)
          : `${below + 1} to ${bound}`;
      return [
        h("span", {}, range),
        h("span", {}, bar),
        h("span", { class: "quiet" }, formatShare(counts[i]! / count)),
      ];
    }),
  );
}

export function versionTable(now: Metrics): HTMLElement {
  const lines = now.samples("residua_model_version").map(({ labels }) => {
    const { model = "", version = "", state = "" } = labels;
    const isOwn = (own: Readonly<Record<string, string>>) =>
      own["model"] === model && own["version"] === version;
    const windows = now.sum("residua_windows_total", isOwn);
    const anomalous = now.sum("residua_anomalous_windows_total", isOwn);
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, model),
      h("td", {}, version),
      h("td", {}, stateTag(state)),
      h("td", { class: "number" }, formatCount(windows)),
      h("td", { class: "number" }, windows === 0 ? "–" : formatShare(anomalous / windows)),
      h(
        "td",
        { class: "number" },
        formatSeconds(quantileOf(now.buckets("residua_queue_wait_seconds", isOwn), 0.99)),
      ),
      h(
        "td",
        { class: "number" },
        formatSeconds(quantileOf(now.buckets("residua_engine_seconds", isOwn), 0.5)),
      ),
    );
  });
  const numbers = ["Windows", "Anomalous", "Wait, p99", "Engine run, median"];
  return table("Versions", { texts: ["Model", "Version", "State"], numbers }, lines);
}
