/** The page of a series: whose rows, which version, and what it says about them. */
import { listModels } from "./api.js";
import { button, h, labelledSelect, loading } from "./dom.js";
import { formatCount, formatDuration, formatTime } from "./format.js";
import { formatLink, type View } from "./link.js";
import { aliasesOf, defaultVersion, liveVersions } from "./model-versions.js";
import { problemBox, storeProblem } from "./problem-box.js";
import type { SeriesRows } from "./series-data.js";
import { loadRows, loadScores, loadVersion } from "./series-loading.js";
import { seriesResults } from "./series-results.js";
import { fileButton, SAMPLE, type Source, sourceChooser, takeDroppedFiles } from "./series-source.js";
import type { ModelListing } from "./service-types.js";
import { loadUplot } from "./uplot.js";

/** The last source, so that a look at another page does not lose it. Links cannot hold a file. */
let lastSource: Source | undefined;

export async function seriesPage(view: View, signal: AbortSignal): Promise<HTMLElement> {
  const { models: all, problem } = await listModels();
  const models = all.filter((model) => liveVersions(model).length > 0);
  const root = h("div", { class: "page" }, h("h1", { class: "hidden" }, "Series"));
  if (models.length === 0) {
    root.append(storeProblem(problem) ?? nothingLive());
    return root;
  }
  const page = new SeriesPage(models, view, signal);
  root.append(page.element);
  return root;
}

function nothingLive(): HTMLElement {
  return h(
    "section",
    { class: "empty" },
    h("h2", {}, "No model is live yet"),
    h("p", {}, "Train one on rows of normal operation, and it appears here within seconds:"),
    h("pre", {}, h("code", {}, "npm run -s residua -- train examples/machine.csv --name machine")),
  );
}

class SeriesPage {
  readonly element = h("div", {});
  readonly #models: readonly ModelListing[];
  readonly #signal: AbortSignal;
  #view: View;
  #source: Source | undefined;
  /** Of the work for what is chosen now. */
  #work = new AbortController();

  constructor(models: readonly ModelListing[], view: View, signal: AbortSignal) {
    this.#models = models;
    this.#signal = signal;
    const model = models.find(({ name }) => name === view.model) ?? models[0]!;
    const version = liveVersions(model).find((live) => live === view.version) ?? defaultVersion(model);
    this.#view = { ...view, page: "series", model: model.name, version };
    if (view.source === SAMPLE.name) this.#source = SAMPLE;
    else if (lastSource !== undefined && (view.source === undefined || view.source === lastSource.name)) {
      this.#source = lastSource;
    }
    takeDroppedFiles((source) => this.#choose(source), signal);
    signal.addEventListener("abort", () => this.#work.abort());
    void this.#load();
  }

  #choose(source: Source): void {
    lastSource = source;
    this.#source = source;
    this.#change({
      source: source.name,
      group: undefined,
      from: undefined,
      to: undefined,
      threshold: undefined,
      features: undefined,
    });
    void this.#load();
  }

  /** What the address holds; nothing is loaded by it. */
  #change(change: Partial<View>): void {
    this.#view = { ...this.#view, ...change };
    history.replaceState(null, "", formatLink(this.#view));
  }

  async #load(): Promise<void> {
    this.#work.abort();
    this.#work = new AbortController();
    const { signal } = this.#work;
    const { model, version, other } = this.#view;
    const place = h("div", {});
    const show = (...nodes: Node[]): void => {
      if (!signal.aborted) place.replaceChildren(...nodes);
    };
    const focused = [...this.element.querySelectorAll("select")].indexOf(
      document.activeElement as HTMLSelectElement,
    );
    this.element.replaceChildren(this.#toolbar(), place);
    // The selects are made anew; whoever uses the keyboard stays where they were.
    this.element.querySelectorAll("select")[focused]?.focus();
    show(loading("Loading the model"));
    let chooser: ((wanted?: string) => HTMLElement) | undefined;
    try {
      const names = [version!, ...(other === undefined ? [] : [other])];
      const versions = await Promise.all(names.map((name) => loadVersion(model!, name)));
      const { manifest } = versions[0]!;
      chooser = (wanted) =>
        sourceChooser({
          choose: (source) => this.#choose(source),
          wanted,
          features: manifest.features.map(({ name }) => name),
          timesteps: manifest.timesteps,
        });
      if (this.#source === undefined) {
        show(chooser(this.#view.source));
        return;
      }
      show(loading(`Reading ${this.#source.name}`));
      const all = await loadRows(this.#source, versions[0]!);
      const rows = all.find(({ name }) => name === this.#view.group) ?? all[0];
      show(this.#describeSource(rows!, all), loading(`Scoring ${formatCount(rows!.rows)} rows`));
      const [uPlot, ...scores] = await Promise.all([
        loadUplot(),
        ...versions.map((one) => loadScores(rows!, one, signal)),
      ]);
      if (signal.aborted) return;
      const { from = 0, to = rows!.rows } = this.#view;
      const results = seriesResults(uPlot, {
        rows: rows!,
        versions: versions.map((one, index) => ({ version: one, scores: scores[index]! })),
        range: { from, to },
        threshold: this.#view.threshold,
        features: this.#view.features,
        changed: ({ range, ...change }) =>
          this.#change({ ...change, ...(range === undefined ? {} : this.#rangeInLink(range, rows!.rows)) }),
        signal,
      });
      show(this.#describeSource(rows!, all), results);
    } catch (error) {
      if (signal.aborted || this.#signal.aborted) return;
      const problem = problemBox(error, () => void this.#load());
      show(problem, ...(chooser === undefined ? [] : [chooser()]));
    }
  }

  /** All rows need no place in a link. */
  #rangeInLink({ from, to }: { readonly from: number; readonly to: number }, rows: number): Partial<View> {
    return to - from === rows ? { from: undefined, to: undefined } : { from, to };
  }

  #toolbar(): HTMLElement {
    const { model: name, version, other } = this.#view;
    const model = this.#models.find((one) => one.name === name)!;
    const options = liveVersions(model).map((live) => {
      const aliases = aliasesOf(model, live);
      return { value: live, text: aliases.length === 0 ? live : `${live} (${aliases.join(", ")})` };
    });
    const models = this.#models.map((one) => ({ value: one.name, text: one.name }));
    const choose = (change: Partial<View>): void => {
      this.#change({ threshold: undefined, ...change });
      void this.#load();
    };
    const others = options.filter(({ value }) => value !== version);
    return h(
      "div",
      { class: "toolbar row" },
      labelledSelect("Model", models, model.name, (chosen) => {
        const next = this.#models.find((one) => one.name === chosen)!;
        choose({ model: chosen, version: defaultVersion(next), other: undefined, features: undefined });
      }),
      labelledSelect("Version", options, version!, (chosen) =>
        choose({ version: chosen, other: chosen === other ? undefined : other }),
      ),
      others.length > 0 &&
        labelledSelect("Beside it", [{ value: "", text: "no other" }, ...others], other ?? "", (chosen) =>
          choose({ other: chosen === "" ? undefined : chosen, threshold: this.#view.threshold }),
        ),
    );
  }

  /** @param all series of the source, of which one is shown. */
  #describeSource({ name, rows, timesMs }: SeriesRows, all: readonly SeriesRows[]): HTMLElement {
    const names = all.map((one) => ({ value: one.name, text: one.name }));
    const span =
      timesMs === undefined
        ? ""
        : `, ${formatTime(timesMs[0]!)} to ${formatTime(timesMs[rows - 1]!)} UTC (${formatDuration(timesMs[rows - 1]! - timesMs[0]!)})`;
    return h(
      "div",
      { class: "source row between" },
      h(
        "span",
        {},
        h("strong", {}, name),
        h("span", { class: "quiet" }, ` · ${formatCount(rows)} rows${span}`),
      ),
      h(
        "span",
        { class: "row tight" },
        all.length > 1 &&
          labelledSelect("Series", names, name, (group) => {
            this.#change({ group, from: undefined, to: undefined });
            void this.#load();
          }),
        fileButton("Another file", "small", (source) => this.#choose(source)),
        this.#source !== SAMPLE && button("Sample", () => this.#choose(SAMPLE), { class: "small" }),
      ),
    );
  }
}
