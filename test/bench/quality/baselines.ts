/** What costs nothing, as `evaluate` has it: chance, the distance from the mean, and principal components of windows. */
import { cutBaselineParts } from "../../../src/evaluation/baseline-parts.js";
import { createRandomDetector, fitBaselines } from "../../../src/evaluation/baselines.js";
import type { Detector, DetectorName } from "../../../src/evaluation/detector.js";
import { scoreTestSet } from "../../../src/evaluation/judgement.js";
import { judge, type QualityFigures, testSetOf } from "./judgement.js";
import { datasetsOf, type QualitySeries } from "./series.js";

/** By the name in the tables. */
const DETECTORS = {
  random: "random",
  L2: "l2-window",
  "PCA.7": "pca-window-70",
  "PCA.9": "pca-window",
} as const satisfies Record<string, DetectorName>;
export type Baseline = keyof typeof DETECTORS;
export const BASELINES = Object.keys(DETECTORS) as Baseline[];

const FALSE_ALARM_RATE = 0.01;
/** As `train` has it where nobody says. */
const SPLIT = { folds: 3, validation: 0.1, calibration: 0.2, stride: 1, minCoverage: 0.5 };

/** The baselines of one series. Those that learn are all fitted when the first of them is judged. */
export class SeriesBaselines {
  readonly #series: QualitySeries;
  readonly #timesteps: number;
  #fitted: Promise<readonly Detector[]> | undefined;

  /** @param timesteps T */
  constructor(series: QualitySeries, timesteps: number) {
    this.#series = series;
    this.#timesteps = timesteps;
  }

  /** @param seed of random scores. */
  async judge(name: Baseline, seed: number): Promise<QualityFigures> {
    const detector =
      name === "random" ? createRandomDetector(seed, FALSE_ALARM_RATE) : await this.#find(name);
    const [verdicts] = await scoreTestSet(detector, testSetOf(this.#series, this.#timesteps));
    return judge(this.#series, verdicts!, this.#timesteps);
  }

  async #find(name: Baseline): Promise<Detector> {
    this.#fitted ??= this.#fit();
    return (await this.#fitted).find((one) => one.name === DETECTORS[name])!;
  }

  #fit(): Promise<readonly Detector[]> {
    const { learnt } = datasetsOf(this.#series);
    const settings = { ...SPLIT, timesteps: this.#timesteps, falseAlarmRate: FALSE_ALARM_RATE };
    return fitBaselines(learnt, cutBaselineParts(learnt, settings), settings);
  }
}
