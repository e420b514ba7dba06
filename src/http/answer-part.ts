/** The description of a part of an answer. answer-parts.ts lists the parts. */
import type { TSchema } from "@sinclair/typebox";
import type { ScoringModel } from "../scoring/window-scoring.js";
import type { ScoredWindows, SeriesScores } from "../serving/score-result.js";
import type { ColumnWriting } from "./wire/timestep-writer.js";
import type { Writing } from "./wire/window-layout.js";

/** What decides which parts a model can give, and how large they are. */
export interface PartsModel {
  readonly scoring: ScoringModel;
  /** U */
  readonly embeddingUnits: number;
  /** Whether the scorer that is used by default has a calibration. */
  readonly isCalibrated: boolean;
  readonly hasThreshold: boolean;
}

/**
 * `always`: in every answer. `default`: in an answer to a request without `include`, if the model can give
 * it. `asked`: only where a request's `include` names it.
 */
type Presence = "always" | "default" | "asked";

export interface AnswerPart {
  /** The member of the JSON answer; for a part that is not in every answer also what `include` calls it. */
  readonly name: string;
  readonly presence: Presence;
  /** In an answer to `windows`: a member of every window. */
  readonly windows?: {
    readonly schema: TSchema;
    /** Undefined where the model cannot give it. */
    readonly writing: (model: PartsModel) => Writing | undefined;
  };
  /** In an answer to `series`: one or more values for each row. */
  readonly series?: {
    readonly schema: TSchema;
    /** Its place among the columns of the JSON object; lines have them in the order of this table. */
    readonly place: number;
    /** Undefined where the model cannot give it. */
    readonly writing: (model: PartsModel) => SeriesWriting | undefined;
  };
  /** In an answer of the Open Inference Protocol: a tensor [n, ...shape]. */
  readonly tensor?: {
    readonly name: string;
    /** Its place among the tensors. */
    readonly place: number;
    /** Whether it is in an answer to a request that names no outputs. */
    readonly isDefault: boolean;
    readonly datatype: "FP32" | "BOOL";
    /** In the caller's units: FP64 for a model whose readings need it. */
    readonly isInCallersUnits?: boolean;
    /** Of one window; undefined where the model cannot give it. */
    readonly shape: (model: PartsModel) => readonly number[] | undefined;
    /** [n, ...shape], row-major, NaN where there is no number. */
    readonly values: (windows: ScoredWindows, model: PartsModel) => Float32Array | Float64Array | Uint8Array;
  };
}

export type SeriesColumn = ColumnWriting & {
  /** [to - from], or [to - from, count] for ERRORS, FLOATS and ROW; NaN where there is no number. */
  readonly values: (
    scores: SeriesScores,
    from: number,
    to: number,
  ) => Float64Array | Float32Array | Int8Array;
};

/** A column; or an object of columns, which is null where the scores have none. */
export type SeriesWriting =
  | SeriesColumn
  | {
      readonly kind: "object";
      readonly members: readonly { readonly name: string; readonly column: SeriesColumn }[];
      readonly isThere: (scores: SeriesScores) => boolean;
    };
