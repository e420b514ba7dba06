/** All that is known of a version: what it is, what it was trained on, and how its scores are now. */
import { getActivity, getCalibration, getManifest } from "./api.js";
import { facts, h, stateTag, table } from "./dom.js";
import { formatCount, formatDuration, formatNumber, formatShare, formatTime, plural } from "./format.js";
import { formatLink } from "./link.js";
import { aliasesOf } from "./model-versions.js";
import { scoreDistribution } from "./score-distribution.js";
import type { Activity, Calibration, Manifest, ModelListing, VersionListing } from "./service-types.js";

export async function modelDetail(model: ModelListing, version: VersionListing): Promise<HTMLElement> {
  const title = h(
    "div",
    { class: "row between" },
    h("h2", {}, `${model.name} `, h("span", { class: "quiet" }, `version ${version.version}`)),
    version.state === "live" &&
      h(
        "a",
        {
          class: "button primary",
          href: formatLink({ page: "series", model: model.name, version: version.version }),
        },
        "Score a series",
      ),
  );
  if (version.state === "refused") {
    return h(
      "section",
      { class: "card" },
      title,
      h(
        "div",
        { class: "problem", role: "alert" },
        h("strong", {}, "This version is refused"),
        h("p", {}, version.reason ?? ""),
      ),
    );
  }
  if (version.state !== "live") {
    const text =
      version.state === "stored"
        ? "It is stored and serves no requests: newer versions do. An alias that names it makes it live again."
        : "It serves no requests now.";
    return h("section", { class: "card" }, title, stateTag(version.state), h("p", {}, text));
  }
  const [manifest, calibration, activity] = await Promise.all([
    getManifest(model.name, version.version),
    getCalibration(model.name, version.version),
    getActivity(model.name, version.version),
  ]);
  return h(
    "div",
    {},
    h("section", { class: "card" }, title, overview(manifest, model, version)),
    h(
      "section",
      { class: "card" },
      h("h3", {}, "Scores now, beside normal ones"),
      scoresNow(manifest, calibration, activity),
    ),
    h(
      "section",
      { class: "card" },
      h("h3", {}, plural(manifest.features.length, "feature")),
      featureTable(manifest),
    ),
    h("section", { class: "card" }, h("h3", {}, "Training"), training(manifest)),
  );
}

function overview(manifest: Manifest, model: ModelListing, version: VersionListing): HTMLElement {
  const aliases = aliasesOf(model, version.version);
  const { threshold } = manifest;
  const alarms = threshold === null ? undefined : manifest.alarms?.scorers[threshold.scorer];
  return facts(
    ["Aliases", aliases.length === 0 ? undefined : aliases.join(", ")],
    ["Family", manifest.family],
    ["Window", plural(manifest.timesteps, "timestep")],
    ["Answers", manifest.heads.map(({ name }) => name).join(", ")],
    ["Scorers", manifest.scorers.join(", ")],
    [
      "Threshold of a timestep",
      threshold === null ? "none: scores have no verdict" : formatNumber(threshold.timestepValue),
    ],
    [
      "Chosen by",
      threshold === null
        ? undefined
        : manifest.alarms?.falseAlarms
          ? `false alarms ${manifest.alarms.falseAlarms}`
          : threshold.falseAlarmRate === null
            ? "hand"
            : `false-alarm rate ${formatShare(threshold.falseAlarmRate)}`,
    ],
    [
      "An event begins with",
      alarms === undefined
        ? undefined
        : alarms.begin.n === 1
          ? "a timestep above it"
          : `${alarms.begin.k} of ${alarms.begin.n} timesteps above it`,
    ],
    ["Runs on", [version.engine, version.device].filter((part) => part !== null).join(", ")],
    [
      "Hash",
      version.sha256 === null ? undefined : h("code", { title: version.sha256 }, version.sha256.slice(0, 12)),
    ],
  );
}

function scoresNow(manifest: Manifest, calibration: Calibration, activity: Activity): HTMLElement {
  const scorer = manifest.scorers[0] ?? "";
  const sample = calibration.scorers[scorer]?.windows;
  const { drift } = activity;
  const since = `since ${formatTime(Date.parse(activity.since))} UTC`;
  const moved =
    drift === null
      ? h("span", {}, "no series was long enough yet to say")
      : drift.moved
        ? h(
            "span",
            { class: "tag warn" },
            `moved (p ${formatNumber(drift.pValue)}): the model should be renewed`,
          )
        : h("span", {}, `none (p ${formatNumber(drift.pValue)})`);
  return h(
    "div",
    {},
    facts(
      ["Scored", `${plural(activity.windows, "window")} ${since}`],
      ["Anomalous", activity.anomalousShare === null ? undefined : formatShare(activity.anomalousShare)],
      [
        "Calibrated on",
        sample === undefined
          ? "nothing"
          : `${formatCount(sample.n)} windows, ${formatCount(sample.blocks)} of them independent`,
      ],
      ["Drift of the normal level", moved],
    ),
    scoreDistribution(activity, sample, manifest.threshold?.value),
  );
}

function featureTable({ features, data }: Manifest): HTMLElement {
  const known = new Map((data?.features ?? []).map((feature) => [feature.name, feature]));
  const columns = known.size === 0 ? [] : ["Least", "Median", "Greatest", "Missing"];
  const lines = features.map(({ name, unit }) => {
    const own = known.get(name);
    const values = own === undefined ? [] : [own.min, own.median, own.max, own.missing];
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      h("td", {}, unit ?? "–"),
      ...values.map((value) => h("td", { class: "number" }, value === null ? "–" : formatNumber(value))),
    );
  });
  return table("Features", { texts: ["Feature", "Unit"], numbers: columns }, lines);
}

function training({ createdAt, training: record, data, loss }: Manifest): HTMLElement {
  const seconds = record["seconds"];
  const { first, last, stepMs } = data?.time ?? {};
  const leftOut = data?.leftOut ?? [];
  return h(
    "div",
    {},
    facts(
      ["Published", `${formatTime(Date.parse(createdAt))} UTC`],
      ...filesOf(record).map((file) => ["File", file] as const),
      ["Rows", data?.rows === undefined ? undefined : formatCount(data.rows)],
      [
        "From, to",
        first === undefined || last === undefined ? undefined : `${inUtc(first)}, ${inUtc(last)} UTC`,
      ],
      ["Step", stepMs ? formatDuration(stepMs) : undefined],
      ["Left out", leftOut.length === 0 ? undefined : leftOut.map(({ name }) => name).join(", ")],
      ["Loss", loss],
      ["Epochs", numberOf(record, "epochs")],
      ["Best epoch", numberOf(record, "bestEpoch")],
      ["Took", typeof seconds === "number" ? formatDuration(seconds * 1000) : undefined],
    ),
    h(
      "details",
      {},
      h("summary", {}, "The whole record"),
      h(
        "pre",
        { class: "record", tabindex: "0" },
        h("code", {}, JSON.stringify({ training: record, data }, undefined, 2)),
      ),
    ),
  );
}

function inUtc(time: string): string {
  return formatTime(Date.parse(time));
}

function numberOf(record: Manifest["training"], key: string): string | undefined {
  const value = record[key];
  return typeof value === "number" ? formatNumber(value) : undefined;
}

/** The names of the first files that the model was trained on. */
function filesOf(record: Manifest["training"]): string[] {
  const files = record["data"];
  if (!Array.isArray(files)) return [];
  const named = files.slice(0, 3) as readonly ({ readonly file?: unknown } | null)[];
  return named.flatMap((entry) => (typeof entry?.file === "string" ? entry.file : []));
}
