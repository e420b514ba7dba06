/** The report on a training: loss, calibration, folds, and how the data score. */
import { LIGHT } from "../charts/colours.js";
import type { LinePoints } from "../charts/min-max.js";
import { significantDigits } from "../scoring/digits.js";
import type { CalibrationSample } from "../scoring/thresholds.js";
import type { ScorableModel } from "../serving/score-result.js";
import type { TrainedModel } from "../training/train-model.js";
import { type Axis, linearAxis, logAxis, nameTick, placeOn, ticksOf } from "./axis.js";
import { escapeText, writeFigures, writePage, writeSection, writeTable } from "./html.js";
import { drawLines } from "./line-picture.js";
import type { ScoredLooks } from "./scored-report.js";
import { count } from "./series-section.js";

/** Points of the calibration curve. */
const CURVE_POINTS = 400;

/**
 * The page that `train --report` writes.
 *
 * @param model the published one.
 * @param looks of its scores of the data.
 * @param taken what was taken from the data, as `train` prints it.
 */
export function writeTrainingReport(
  trained: TrainedModel,
  model: ScorableModel,
  looks: ScoredLooks,
  taken: string,
): string {
  const { fit, threshold, windows, folds } = trained;
  const best = fit.epochs[fit.bestEpoch - 1]!;
  const title = `Training of ${model.name}, version ${model.version}`;
  const figures = writeFigures([
    ["Network", trained.options.architecture.family],
    ["Window", count(trained.scoring.timesteps, "row")],
    ["Windows to fit", windows.fit.toLocaleString("en")],
    ["Windows to calibrate", windows.calibration.toLocaleString("en")],
    ["Loss", significantDigits(best.loss)],
    ["Threshold of a row", threshold === undefined ? "none" : significantDigits(threshold.timestepValue)],
  ]);
  const sections = [
    writeSection("Loss", describeLoss(trained), drawLoss(trained)),
    writeCalibration(trained),
    folds.length === 0 ? "" : writeFolds(trained),
    writeSection("Data", "", `<pre>${escapeText(taken)}</pre>`),
    looks.write(),
  ];
  const note =
    "<p>The model has learnt from these rows: new data score a little higher. Its threshold rests on rows that it had not learnt from.</p>";
  return writePage(title, `<h1>${title}</h1>\n${note}\n${figures}\n${sections.join("\n")}`);
}

function describeLoss({ fit }: TrainedModel): string {
  const why = { epochs: "all epochs ran", patience: "none after it was better", aborted: "it was stopped" };
  return `By epoch; epoch ${fit.bestEpoch} of ${fit.epochs.length} was kept (${why[fit.stopped]}).`;
}

function drawLoss({ fit: { epochs, bestEpoch } }: TrainedModel): string {
  const rows = Float64Array.from(epochs, ({ epoch }) => epoch);
  const loss = epochs.map((one) => one.loss);
  const validation = epochs.flatMap((one) => one.validationLoss ?? []);
  const lines = [{ points: { rows, values: loss }, colour: LIGHT.reading }];
  if (validation.length > 0) {
    lines.push({ points: { rows, values: validation }, colour: LIGHT.reconstruction });
  }
  const x = { low: 1, high: Math.max(2, epochs.length), isLog: false };
  const all = [...loss, ...validation];
  const picture = drawLines({
    description: `The loss of ${count(epochs.length, "epoch")}`,
    height: 210,
    x,
    y: fitAxis(Math.min(...all), Math.max(...all)),
    lines,
    xTicks: ticksOf(x, 10)
      .filter(Number.isInteger)
      .map((epoch) => [epoch, String(epoch)]),
    mark: [bestEpoch, `epoch ${bestEpoch}`],
  });
  const key = (colour: string, name: string) =>
    `<span class="key" style="background: ${colour}"></span>${name}`;
  if (validation.length === 0) return picture;
  const keys = [key(LIGHT.reading, "training"), key(LIGHT.reconstruction, "validation")];
  return `${picture}\n<p>${keys.join("")}</p>`;
}

/** Losses that span more than a power of ten are drawn in powers of ten. */
function fitAxis(low: number, high: number): Axis {
  return low > 0 && high > 10 * low ? logAxis(low, high) : linearAxis(0, high);
}

function writeCalibration({ calibration, threshold }: TrainedModel): string {
  const sample = threshold && calibration?.[threshold.scorer]?.timesteps;
  if (threshold === undefined || sample === undefined) {
    return writeSection("Calibration", "There was none: the threshold does not rest on normal scores.", "");
  }
  const points = curveOf(sample);
  const value = threshold.timestepValue;
  const [low, high] = [Math.min(...points.rows, value), Math.max(...points.rows, value)];
  const x = logAxis(Math.max(Number.MIN_VALUE, low), high);
  const names = ticksOf(x, 8).map((tick) => [tick, nameTick(tick)] as const);
  const picture = drawLines({
    description: "How many normal rows score at least so high",
    height: 210,
    x,
    y: { low: 1 / sample.n, high: 1, isLog: true },
    lines: [{ points, colour: LIGHT.score }],
    xTicks: names.filter(([tick]) => placeOn(x, tick) > 0),
    mark: [value, `threshold ${significantDigits(value)}`],
  });
  const rate = threshold.falseAlarmRate;
  const asked =
    rate === null ? "" : `; the threshold is exceeded by a share of ${significantDigits(rate, 3)} of them`;
  const text = `The share of ${sample.n.toLocaleString("en")} normal rows (${count(sample.blocks, "independent block")}) whose score is at least so high${asked}.`;
  return writeSection(`Calibration (${threshold.scorer})`, text, picture);
}

/** Scores above zero, with the share of normal scores that are at least as high. */
function curveOf({ n, values, atLeast }: CalibrationSample): LinePoints {
  const first = values.findIndex((value) => value > 0);
  if (first < 0) return { rows: new Float64Array(0), values: [] };
  const kept = values.length - first;
  const points = Math.min(kept, CURVE_POINTS);
  const indices = Array.from({ length: points }, (_, i) =>
    points === 1 ? first : first + Math.round((i * (kept - 1)) / (points - 1)),
  );
  return {
    rows: Float64Array.from(indices, (index) => values[index]!),
    values: indices.map((index) => atLeast[index]! / n),
  };
}

function writeFolds({ folds, threshold }: TrainedModel): string {
  const rows = folds.map(({ windows, epochs, bestEpoch, quantiles }, index) => [
    String(index + 1),
    windows.fit.toLocaleString("en"),
    windows.calibration.toLocaleString("en"),
    `${bestEpoch} of ${epochs}`,
    threshold === undefined ? "" : significantDigits(quantiles[threshold.scorer] ?? Number.NaN),
  ]);
  const titles = ["Fold", "Windows to fit", "Windows to calibrate", "Best epoch", "Threshold of this fold"];
  const text = "Each was fitted on the first rows and scored those after them.";
  return writeSection("Forward folds", text, writeTable(titles, rows, [1, 2, 3, 4]));
}
