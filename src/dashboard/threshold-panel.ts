/** The threshold as a slider over the scores, and as what it means: false-alarm rate, value, alarms a week. */
import { button, h, svg } from "./dom.js";
import { formatNumber } from "./format.js";
import type { SeriesScores } from "./series-data.js";
import type { Calibration } from "./service-types.js";
import { falseAlarmsAt, rateOf, ScoreScale, thresholdForAlarms, thresholdOf } from "./threshold-scale.js";

export interface ThresholdPanelOptions {
  readonly scores: SeriesScores;
  /** Undefined where the model has none. */
  readonly calibration: Calibration | undefined;
  readonly threshold: number;
  /** Called while the slider moves, and when a number is entered. */
  readonly changed: (threshold: number) => void;
}

const STEPS = 1000;
const BINS = 80;

export class ThresholdPanel {
  readonly element: HTMLElement;
  readonly #options: ThresholdPanelOptions;
  readonly #scale: ScoreScale;
  readonly #slider: HTMLInputElement;
  readonly #fields: readonly {
    readonly input: HTMLInputElement;
    readonly shown: (threshold: number) => number;
  }[];
  readonly #bars: readonly SVGRectElement[];
  readonly #own: number | undefined;
  #threshold: number;

  constructor(options: ThresholdPanelOptions) {
    const { scores, calibration } = options;
    this.#options = options;
    this.#threshold = options.threshold;
    const own = scores.threshold;
    this.#own = own?.value;
    const scorer = scores.threshold?.scorer ?? "";
    const sample = calibration?.scorers[scorer]?.timesteps;
    const normal = (sample?.quantiles ?? []).map(([, score]) => score);
    this.#scale = new ScoreScale([
      ...extremes(scores.score),
      ...normal,
      options.threshold,
      this.#own ?? Number.NaN,
    ]);
    this.#bars = this.#histogram(scores.score);
    this.#slider = h("input", {
      type: "range",
      id: "threshold",
      min: "0",
      max: String(STEPS),
      step: "1",
      input: () => this.set(this.#scale.valueAt(Number(this.#slider.value) / STEPS)),
    });
    const alarms = calibration?.alarms?.scorer === scorer ? calibration.alarms : null;
    const table = alarms?.perWeek ?? alarms?.per1000Rows;
    const fields = [
      {
        label: "Threshold",
        unit: "",
        shown: (value: number) => value,
        thresholdFor: (entered: number) => entered,
      },
      sample && {
        label: "False-alarm rate",
        unit: "% of normal rows",
        // The model's own rate is exact; others lie between the quantiles that the service gives.
        shown: (value: number) =>
          100 * ((value === own?.value && own.falseAlarmRate) || rateOf(sample, value)),
        thresholdFor: (percent: number) => thresholdOf(sample, percent / 100, scores),
      },
      table && {
        label: "False alarms",
        unit: alarms?.perWeek ? "a week" : "in 1,000 rows",
        shown: (value: number) => falseAlarmsAt(table, value),
        thresholdFor: (events: number) => thresholdForAlarms(table, events),
      },
    ].filter((field) => field !== undefined);
    this.#fields = fields.map(({ shown, label, unit, thresholdFor }) => {
      const input = h("input", {
        type: "number",
        step: "any",
        "aria-label": `${label}${unit === "" ? "" : `, ${unit}`}`,
        change: () => {
          const entered = input.valueAsNumber;
          if (Number.isFinite(entered)) this.set(thresholdFor(entered));
          else this.#update();
        },
      });
      return { input, shown, label, unit };
    });
    this.element = this.#layOut(fields);
    this.#update();
  }

  /** Moves the slider, and tells. */
  set(threshold: number): void {
    this.#threshold = threshold;
    this.#update();
    this.#options.changed(threshold);
  }

  #layOut(fields: readonly { readonly label: string; readonly unit: string }[]): HTMLElement {
    const reset =
      this.#own !== undefined && button("The model's own", () => this.set(this.#own!), { class: "small" });
    return h(
      "section",
      { class: "card threshold", "aria-labelledby": "threshold-title" },
      h("div", { class: "row between" }, h("h2", { id: "threshold-title" }, "Threshold"), reset),
      h(
        "div",
        { class: "slider" },
        svg(
          "svg",
          {
            viewBox: `0 0 ${BINS} 30`,
            preserveAspectRatio: "none",
            "aria-hidden": "true",
            class: "histogram",
          },
          ...this.#bars,
        ),
        h("label", { for: "threshold", class: "hidden" }, "Threshold of the score"),
        this.#slider,
      ),
      h(
        "div",
        { class: "numbers" },
        ...this.#fields.map(({ input }, index) =>
          h(
            "label",
            {},
            h("span", {}, fields[index]!.label),
            h("span", { class: "row tight" }, input, h("span", { class: "quiet" }, fields[index]!.unit)),
          ),
        ),
      ),
    );
  }

  /** Bars are as high as the logarithm of the count, so that single rows are seen. */
  #histogram(score: Float64Array): SVGRectElement[] {
    const counts = this.#scale.histogram(score, BINS);
    const most = Math.log1p(Math.max(1, ...counts));
    return [...counts].map((count, bin) => {
      const height = (Math.log1p(count) / most) * 30;
      return svg("rect", { x: bin + 0.1, y: 30 - height, width: 0.8, height });
    });
  }

  #update(): void {
    const place = this.#scale.placeOf(this.#threshold);
    this.#slider.value = String(Math.round(place * STEPS));
    this.#slider.setAttribute("aria-valuetext", formatNumber(this.#threshold));
    for (const { input, shown } of this.#fields) {
      const value = shown(this.#threshold);
      input.value = String(Number(value.toPrecision(4)));
    }
    this.#bars.forEach((bar, bin) => {
      bar.setAttribute("class", (bin + 0.5) / BINS > place ? "above" : "below");
    });
  }
}

function extremes(values: Float64Array): number[] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let positive = Number.POSITIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
    if (value > 0 && value < positive) positive = value;
  }
  return [low, high, positive];
}
