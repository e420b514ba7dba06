/** A scored series: what was found, the threshold, the pictures, and the events. */
import { announce } from "./announce.js";
import { button, h } from "./dom.js";
import { eventTable } from "./event-table.js";
import { formatCount, formatShare, plural } from "./format.js";
import type { RowRange } from "./plot-frame.js";
import { pictureOf, rowsAsCsv, saveFile } from "./saving.js";
import type { SeriesRows, SeriesScores } from "./series-data.js";
import { alarmsOf, type ShownVersion } from "./series-loading.js";
import { SeriesView, type ShownScores } from "./series-view.js";
import { ThresholdPanel } from "./threshold-panel.js";
import { rateOf, thresholdOf } from "./threshold-scale.js";
import type { UPlot } from "./uplot.js";
import { judge } from "./verdicts.js";

export interface ResultsOptions {
  readonly rows: SeriesRows;
  /** One version, or two. */
  readonly versions: readonly { readonly version: ShownVersion; readonly scores: SeriesScores }[];
  readonly range: RowRange;
  readonly threshold: number | undefined;
  readonly features: readonly string[] | undefined;
  /** Called with what a link has to hold. */
  readonly changed: (change: {
    readonly range?: RowRange;
    readonly threshold?: number;
    readonly features?: readonly string[];
  }) => void;
  readonly signal: AbortSignal;
}

/** Features that get a chart where nothing else is asked for. */
const FIRST_FEATURES = 4;

export function seriesResults(uPlot: UPlot, options: ResultsOptions): HTMLElement {
  const { rows, versions, range, signal, changed } = options;
  const [first] = versions;
  const own = first!.scores.threshold?.value;
  const threshold = options.threshold ?? own;
  const shown = versions.map(({ version, scores }, index): ShownScores => {
    const level = index === 0 ? threshold : (scores.threshold?.value ?? undefined);
    return {
      label: `${version.manifest.name} ${version.manifest.version}`,
      scores,
      judgement: judge(rows, scores, alarmsOf(version, scores), level),
    };
  });
  const features = options.features ?? mostAnomalous(rows, first!.scores, shown[0]!.judgement.events);
  const units = first!.version.manifest.features.map(({ unit }) => unit);
  const view = new SeriesView(uPlot, {
    series: rows,
    units,
    shown,
    features,
    range,
    moved: (moved) => changed({ range: moved }),
    signal,
  });
  const summary = h("p", { class: "summary" });
  const tables = h("div", { class: shown.length === 1 ? "" : "beside" });
  const refresh = (): void => {
    summary.replaceChildren(...shown.map((one) => summaryOf(one, shown.length > 1)));
    tables.replaceChildren(
      ...shown.map(({ label, scores, judgement }) =>
        h(
          "section",
          {},
          h("h2", {}, shown.length === 1 ? "Events" : `Events of ${label}`),
          eventTable(rows, scores, judgement.events, (event) => {
            view.zoomToEvent(event);
            view.element.scrollIntoView({ block: "start", behavior: "smooth" });
          }),
        ),
      ),
    );
  };
  const move = (value: number): void => {
    const rate = rateAt(first!, value);
    versions.forEach(({ version, scores }, index) => {
      const level = index === 0 ? value : levelFor({ version, scores }, rate);
      shown[index]!.judgement = judge(rows, scores, alarmsOf(version, scores), level);
    });
    view.judged();
    refresh();
    announce(plural(shown[0]!.judgement.events.length, "event"));
    changed({ threshold: value });
  };
  refresh();
  const panel =
    threshold === undefined
      ? h(
          "p",
          { class: "card quiet" },
          "This model was published without a calibration and a threshold, so its scores are shown without verdicts.",
        )
      : new ThresholdPanel({
          scores: first!.scores,
          calibration: first!.version.calibration,
          threshold,
          changed: move,
        }).element;
  if (options.threshold !== undefined && versions.length > 1) move(options.threshold);
  return h(
    "div",
    { class: "results" },
    h("div", { class: "row between" }, summary, savingButtons(view, rows, shown)),
    notesOf(
      rows,
      versions.map(({ scores }) => scores),
    ),
    panel,
    featureChoice(rows.features, features, (chosen) => {
      view.showFeatures(chosen);
      changed({ features: chosen });
    }),
    h("div", { class: "card" }, view.element),
    h("div", { class: "card" }, tables),
  );
}

interface Scored {
  readonly version: ShownVersion;
  readonly scores: SeriesScores;
}

function sampleOf({ version, scores }: Scored) {
  return version.calibration.scorers[scores.threshold?.scorer ?? ""]?.timesteps;
}

function rateAt(scored: Scored, threshold: number): number | undefined {
  const sample = sampleOf(scored);
  return sample === undefined ? undefined : rateOf(sample, threshold);
}

/** The threshold of a second version: that of the same false-alarm rate, since scores of two versions are not alike. */
function levelFor(scored: Scored, rate: number | undefined): number | undefined {
  const sample = sampleOf(scored);
  if (sample === undefined || rate === undefined) return scored.scores.threshold?.value;
  return thresholdOf(sample, rate, scored.scores);
}

function summaryOf({ label, judgement, scores }: ShownScores, isNamed: boolean): HTMLElement {
  const { events, anomalousRows, judgedRows, threshold } = judgement;
  const drift =
    scores.drift?.moved === true &&
    h(
      "span",
      { class: "tag warn" },
      `normal level moved${scores.drift.since === null ? "" : ` since row ${formatCount(scores.drift.since)}`}`,
    );
  return h(
    "span",
    {},
    isNamed && h("strong", {}, `${label}: `),
    h("strong", {}, threshold === undefined ? "No threshold" : plural(events.length, "event")),
    judgedRows > 0 &&
      ` · ${formatShare(anomalousRows / judgedRows)} of ${plural(judgedRows, "row")} above the threshold `,
    drift,
  );
}

function savingButtons(view: SeriesView, rows: SeriesRows, shown: readonly ShownScores[]): HTMLElement {
  const name = rows.name.replace(/\.\w+$/, "").replace(/[^\w.-]+/g, "-");
  const copied = h("span", { class: "quiet small", role: "status" });
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(location.href);
      copied.textContent = "Copied";
    } catch {
      copied.textContent = "The browser does not allow it; the address has the link.";
    }
  };
  return h(
    "div",
    { class: "row tight" },
    button(
      "Save picture",
      () => {
        const title = `${rows.name} · ${shown.map(({ label }) => label).join(", ")}`;
        void pictureOf(view, title).then((blob) => saveFile(`${name}.png`, blob));
      },
      { class: "small" },
    ),
    button("Save rows", () => saveFile(`${name}-scores.csv`, rowsAsCsv(rows, shown, view.range)), {
      class: "small",
    }),
    button("Copy link", () => void copy(), { class: "small" }),
    copied,
  );
}

function notesOf(rows: SeriesRows, scores: readonly SeriesScores[]): HTMLElement | undefined {
  const notes = [...new Set([...rows.notes, ...scores.flatMap((own) => own.notes)])];
  if (notes.length === 0) return undefined;
  return h(
    "details",
    { class: "notes" },
    h("summary", {}, `How the file was read: ${plural(notes.length, "note")}`),
    h("ul", {}, ...notes.map((note) => h("li", {}, note))),
  );
}

/** Checkboxes for the features that have a chart of their own. */
function featureChoice(
  all: readonly string[],
  chosen: readonly string[],
  change: (chosen: readonly string[]) => void,
): HTMLElement | undefined {
  if (all.length === 1) return undefined;
  const boxes = all.map((name) => {
    const box = h("input", {
      type: "checkbox",
      checked: chosen.includes(name),
      change: () => change(all.filter((_, index) => boxes[index]!.box.checked)),
    });
    return { box, label: h("label", { class: "chip" }, box, name) };
  });
  return h(
    "fieldset",
    { class: "chips" },
    h("legend", {}, "Features with a chart"),
    ...boxes.map(({ label }) => label),
  );
}

/** Those with the largest shares in events; the first ones where there is none. */
function mostAnomalous(
  { features }: SeriesRows,
  { featureError }: SeriesScores,
  events: readonly { readonly features: readonly { readonly name: string; readonly share: number }[] }[],
): string[] {
  const shares = new Map(features.map((name) => [name, 0]));
  for (const event of events) {
    for (const { name, share } of event.features) shares.set(name, (shares.get(name) ?? 0) + share);
  }
  if (events.length === 0 && featureError === undefined) return features.slice(0, FIRST_FEATURES);
  const most = [...shares].sort(([, a], [, b]) => b - a).slice(0, FIRST_FEATURES);
  const names = new Set(most.map(([name]) => name));
  return features.filter((name) => names.has(name));
}
