/**
 * The bytes of a score response: typed arrays to JSON with the digits they carry, with no object in between.
 *
 * Errors and scores are the shortest decimals of their float32, readings in the caller's units have decimals to
 * 1e-7 of their feature's scale, a number that is not there is null.
 */

import type { Threshold } from "../registry/manifest.js";
import { decimalsOf, formatFloat32, formatUnits } from "../scoring/digits.js";
import { unscaleHead } from "../scoring/window-scoring.js";
import { NO_VERDICT, type ScorableModel, type WindowsResult } from "../serving/score-result.js";

/** About as many numbers as can be written without keeping the event loop from others. */
const NUMBERS_A_CHUNK = 8192;

/** The answer to a windows request, in parts of bounded size. */
export function* scoreResponse(result: WindowsResult): Generator<string, void> {
  const { scores, queueMs, computeMs } = result;
  const step = Math.max(1, Math.floor(NUMBERS_A_CHUNK / numbersOfWindow(result)));
  for (let from = 0; from < scores.count; from += step) {
    const to = Math.min(from + step, scores.count);
    let text = from === 0 ? `${responseHead(result.model, result.threshold)},"windows":[` : ",";
    const heads = writtenHeads(result, from, to);
    for (let window = from; window < to; window++) {
      if (window > from) text += ",";
      text += windowText(result, window, heads, window - from);
    }
    if (to === scores.count) text += `],${timingText(queueMs, computeMs)}}`;
    yield text;
  }
}

/** `{"model": ..., "threshold": ...`, for more to follow. */
export function responseHead(model: ScorableModel, threshold: Threshold | null): string {
  return `{"model":${modelText(model)},"threshold":${thresholdText(threshold)}`;
}

export function timingText(queueMs: number, computeMs: number): string {
  return `"timing":{"queueMs":${queueMs.toFixed(3)},"computeMs":${computeMs.toFixed(3)}}`;
}

/** A double as JSON: null where it is NaN. */
export function doubleText(value: number): string {
  return Number.isNaN(value) ? "null" : String(value);
}

export function verdictText(anomalous: number): string {
  return anomalous === NO_VERDICT ? "null" : anomalous === 1 ? "true" : "false";
}

const modelTexts = new WeakMap<ScorableModel, string>();

function modelText(model: ScorableModel): string {
  let text = modelTexts.get(model);
  if (text === undefined) {
    const { name, version, sha256, engine, device } = model;
    text = JSON.stringify({ name, version, sha256, engine, device });
    modelTexts.set(model, text);
  }
  return text;
}

const thresholdTexts = new WeakMap<Threshold, string>();

function thresholdText(threshold: Threshold | null): string {
  if (threshold === null) return "null";
  let text = thresholdTexts.get(threshold);
  if (text === undefined) {
    const { value, method, scorer, falseAlarmRate } = threshold;
    text = JSON.stringify({ value, method, scorer, falseAlarmRate });
    thresholdTexts.set(threshold, text);
  }
  return text;
}

const featureDecimals = new WeakMap<ScorableModel, readonly number[]>();

function decimalsOfFeatures(model: ScorableModel): readonly number[] {
  let decimals = featureDecimals.get(model);
  if (decimals === undefined) {
    decimals = model.scoring.scaler.scale.map(decimalsOf);
    featureDecimals.set(model, decimals);
  }
  return decimals;
}

interface WrittenHead {
  readonly name: string;
  readonly steps: number;
  /** [windows of the chunk, steps, F] in the caller's units. */
  readonly values: Float64Array;
}

/** The heads that were asked for, of windows `from` up to `to`. */
function writtenHeads({ model, include, outputs }: WindowsResult, from: number, to: number): WrittenHead[] {
  const { scoring } = model;
  return scoring.heads.flatMap(({ name, steps }, index) => {
    if (!include.has(name as "reconstruction" | "prediction")) return [];
    const size = steps * scoring.features;
    const heads = outputs.heads.map((data, head) =>
      head === index ? data.subarray(from * size, to * size) : data,
    );
    return [{ name, steps, values: unscaleHead(scoring, index, { ...outputs, heads }, to - from) }];
  });
}

function numbersOfWindow({ model, include, outputs, scores }: WindowsResult): number {
  const { timesteps, features, heads } = model.scoring;
  let numbers = 4;
  if (include.has("timestepError")) numbers += timesteps;
  if (include.has("featureError")) numbers += features;
  if (include.has("embedding")) numbers += outputs.embedding.length / scores.count;
  for (const { name, steps } of heads) {
    if (include.has("headError")) numbers += steps;
    if (include.has(name as "reconstruction" | "prediction")) numbers += steps * features;
  }
  return numbers;
}

function windowText(
  result: WindowsResult,
  window: number,
  heads: readonly WrittenHead[],
  windowOfChunk: number,
): string {
  const { model, include, scores, outputs } = result;
  const { timesteps, features, heads: spans } = model.scoring;
  const score = formatFloat32(scores.score[window]!);
  const pValue = doubleText(result.pValue[window]!);
  const verdict = verdictText(result.anomalous[window]!);
  let text = `{"score":${score},"pValue":${pValue},"anomalous":${verdict},"coverage":${scores.coverage[window]}`;
  if (scores.saturated[window] === 1) text += ',"saturated":true';
  if (include.has("timestepError")) {
    text += `,"timestepError":${floatsText(scores.timestepError, window * timesteps, timesteps)}`;
  }
  if (include.has("featureError")) {
    text += `,"featureError":${floatsText(scores.featureError, window * features, features)}`;
  }
  if (include.has("headError")) {
    const errors = spans.map(
      ({ name, steps }, head) => `"${name}":${floatsText(scores.headErrors[head]!, window * steps, steps)}`,
    );
    text += `,"headError":{${errors.join(",")}}`;
  }
  const decimals = decimalsOfFeatures(model);
  for (const { name, steps, values } of heads) {
    text += `,"${name}":${rowsText(values, windowOfChunk * steps, steps, decimals)}`;
  }
  if (include.has("embedding")) {
    const units = outputs.embedding.length / scores.count;
    text += `,"embedding":${floatsText(outputs.embedding, window * units, units)}`;
  }
  return `${text}}`;
}

function floatsText(values: ArrayLike<number>, from: number, count: number): string {
  let text = "[";
  for (let i = from; i < from + count; i++) {
    if (i > from) text += ",";
    text += formatFloat32(values[i]!);
  }
  return `${text}]`;
}

/** Rows `from` and following of [rows, F]. */
function rowsText(values: Float64Array, from: number, count: number, decimals: readonly number[]): string {
  const features = decimals.length;
  let text = "[";
  for (let row = from, i = from * features; row < from + count; row++) {
    text += row > from ? ",[" : "[";
    for (let feature = 0; feature < features; feature++, i++) {
      if (feature > 0) text += ",";
      text += formatUnits(values[i]!, decimals[feature]!);
    }
    text += "]";
  }
  return `${text}]`;
}
