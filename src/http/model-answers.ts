/** What the answers of one version are made from: everything about them that no request changes. */
import { ResiduaError } from "../errors.js";
import { embeddingUnits } from "../network/network.js";
import type { Threshold } from "../registry/manifest.js";
import { type LoadedModel, type ServedModel, Slot } from "../registry/served-model.js";
import { needsFloat64 } from "../scoring/scaler.js";
import type { ScoredWindows, SeriesScores, SeriesThreshold } from "../serving/score-result.js";
import type { PartsModel, SeriesColumn, SeriesWriting } from "./answer-part.js";
import { ANSWER_PARTS, INCLUDABLE } from "./answer-parts.js";
import { WindowLayout, type WindowMember, type WindowProgram } from "./wire/window-layout.js";

/** A tensor that a version can answer with. */
export interface OutputTensor {
  readonly name: string;
  readonly datatype: "FP32" | "FP64" | "BOOL";
  /** Of one window. */
  readonly shape: readonly number[];
  /** Whether it is in an answer to a request that names no outputs. */
  readonly isDefault: boolean;
  /** [n, ...shape], row-major; NaN where there is no number. */
  readonly values: (windows: ScoredWindows) => Float32Array | Float64Array | Uint8Array;
}

/** A column of the answer to a series, or null in its place, with the texts around it, such as `"score":`. */
export interface NamedSeriesColumn {
  readonly place: number;
  readonly before: string;
  readonly column: SeriesColumn | undefined;
  readonly after: string;
}

/** What a version's answers to series can have, by the names of `include`. */
interface SeriesMember {
  readonly name: string;
  readonly isAlways: boolean;
  readonly place: number;
  readonly writing: SeriesWriting;
}

export class ModelAnswers {
  readonly #model: Pick<LoadedModel, "name" | "version">;
  /** What `include` can name and the model can give. */
  readonly #windowParts: ReadonlySet<string>;
  readonly #layout: WindowLayout;
  readonly #defaultProgram: WindowProgram;
  readonly #scoresProgram: WindowProgram;
  readonly #modelText: string;
  readonly #ownThreshold: Threshold | null;
  readonly #ownThresholdText: string;
  readonly #seriesMembers: readonly SeriesMember[];
  /** Of tensors in the caller's units, which the windows are too: FP64 where float32 would lose the signal. */
  readonly readingsDatatype: "FP32" | "FP64";
  /** All tensors that the version can give, in the order of an answer. */
  readonly tensors: readonly OutputTensor[];

  constructor(model: LoadedModel) {
    const { name, version, sha256, engine, device, manifest, scoring, calibration, executable } = model;
    this.#model = { name, version };
    this.#modelText = JSON.stringify({ name, version, sha256, engine, device });
    this.#ownThreshold = manifest.threshold;
    this.#ownThresholdText = thresholdText(manifest.threshold);
    const parts: PartsModel = {
      scoring,
      embeddingUnits: embeddingUnits(executable.network),
      isCalibrated: calibration?.[manifest.scorers[0]!] !== undefined,
      hasThreshold: manifest.threshold !== null,
    };
    const members = windowMembers(parts);
    this.#layout = new WindowLayout(members, scoring);
    this.#windowParts = new Set(members.map((member) => member.name));
    this.#defaultProgram = this.#layout.select(DEFAULT_PARTS);
    this.#scoresProgram = this.#layout.select(new Set());
    this.readingsDatatype = needsFloat64(scoring.scaler) ? "FP64" : "FP32";
    this.tensors = outputTensors(parts, this.readingsDatatype);
    this.#seriesMembers = seriesMembers(parts);
  }

  /**
   * How to write the windows of an answer.
   *
   * @param include what the request asks for; undefined where it does not say.
   * @throws ResiduaError UNSUPPORTED_BY_MODEL for a part that the model cannot give, such as a head it does
   *   not have.
   */
  windowProgram(include: readonly string[] | undefined): WindowProgram {
    if (include === undefined) return this.#defaultProgram;
    if (include.length === 0) return this.#scoresProgram;
    this.#check(include, this.#windowParts, "windows");
    return this.#layout.select(new Set(include));
  }

  /**
   * The parts of an answer to a series.
   *
   * @param include what the request asks for; undefined where it does not say.
   * @throws ResiduaError as `windowProgram`.
   */
  seriesParts(include: readonly string[] | undefined): ReadonlySet<string> {
    if (include === undefined) return DEFAULT_SERIES_PARTS;
    this.#check(include, new Set(this.#seriesMembers.map(({ name }) => name)), "series");
    return new Set(include);
  }

  /** The columns of an answer to a series, in the order of lines. @param parts those of `seriesParts`. */
  seriesColumns(parts: ReadonlySet<string>, scores: SeriesScores): NamedSeriesColumn[] {
    return this.#seriesMembers.flatMap(({ name, isAlways, place, writing }): NamedSeriesColumn[] => {
      if (!isAlways && !parts.has(name)) return [];
      const before = `${JSON.stringify(name)}:`;
      if (writing.kind !== "object") return [{ place, before, column: writing, after: "" }];
      if (!writing.isThere(scores)) return [{ place, before: `${before}null`, column: undefined, after: "" }];
      const last = writing.members.length - 1;
      return writing.members.map((member, i) => ({
        place,
        before: `${i === 0 ? `${before}{` : ""}${JSON.stringify(member.name)}:`,
        column: member.column,
        after: i === last ? "}" : "",
      }));
    });
  }

  #check(include: readonly string[], parts: ReadonlySet<string>, what: string): void {
    const missing = include.findIndex((part) => !parts.has(part));
    if (missing < 0) return;
    const { name, version } = this.#model;
    const there = INCLUDABLE.filter((part) => parts.has(part)).join(", ");
    throw new ResiduaError(
      "UNSUPPORTED_BY_MODEL",
      `${name} ${version} has no ${include[missing]} for ${what}; it has ${there}.`,
      { violations: [{ path: `/include/${missing}`, message: `has to be one of ${there}` }] },
    );
  }

  /** `{"model": ..., "threshold": ...`, without the closing brace: of an answer to a series. */
  seriesHeadText(threshold: SeriesThreshold | null): string {
    return `{"model":${this.#modelText},"threshold":${seriesThresholdText(threshold)}`;
  }

  /** The same of an answer to windows. */
  headText(threshold: Threshold | null): string {
    const text = threshold === this.#ownThreshold ? this.#ownThresholdText : thresholdText(threshold);
    return `{"model":${this.#modelText},"threshold":${text}`;
  }
}

/** Made for every version when it is loaded. */
export const MODEL_ANSWERS = new Slot("answers", (model) => new ModelAnswers(model));

/** What the answers of a version are made from. */
export function answersOf(model: ServedModel): ModelAnswers {
  return model.get(MODEL_ANSWERS);
}

const DEFAULT_PARTS: ReadonlySet<string> = new Set(
  ANSWER_PARTS.filter(({ presence }) => presence === "default").map(({ name }) => name),
);

/** Those of [F] for each row are large, so they have to be asked for. */
const DEFAULT_SERIES_PARTS: ReadonlySet<string> = new Set(["timestepError"]);

/** The members that a model's windows can have. */
export function windowMembers(model: PartsModel): WindowMember[] {
  return ANSWER_PARTS.flatMap(({ name, presence, windows }) => {
    const writing = windows?.writing(model);
    return writing === undefined ? [] : [{ name, isAlways: presence === "always", writing }];
  });
}

function seriesMembers(model: PartsModel): SeriesMember[] {
  return ANSWER_PARTS.flatMap(({ name, presence, series }) => {
    const writing = series?.writing(model);
    if (series === undefined || writing === undefined) return [];
    return [{ name, isAlways: presence === "always", place: series.place, writing }];
  });
}

function outputTensors(model: PartsModel, readingsDatatype: "FP32" | "FP64"): OutputTensor[] {
  const placed = ANSWER_PARTS.flatMap(({ tensor }) => {
    const shape = tensor?.shape(model);
    if (tensor === undefined || shape === undefined) return [];
    const { place, name, isDefault, isInCallersUnits = false } = tensor;
    const datatype = isInCallersUnits ? readingsDatatype : tensor.datatype;
    const values = (windows: ScoredWindows) => tensor.values(windows, model);
    return [{ place, tensor: { name, datatype, shape, isDefault, values } }];
  });
  return placed.sort((a, b) => a.place - b.place).map(({ tensor }) => tensor);
}

function seriesThresholdText(threshold: SeriesThreshold | null): string {
  if (threshold === null) return "null";
  const { value, method, scorer, falseAlarmRate, falseAlarms, alarm } = threshold;
  return JSON.stringify({ value, method, scorer, falseAlarmRate, falseAlarms, alarm });
}

function thresholdText(threshold: Threshold | null): string {
  if (threshold === null) return "null";
  const { value, method, scorer, falseAlarmRate } = threshold;
  return JSON.stringify({ value, method, scorer, falseAlarmRate });
}
