/** The form of a data file that was read. */
import type { LeftOut } from "./header.js";
import type { ColumnPlan } from "./plan.js";
import type { TimeFormat } from "./time-format.js";

/** Data rows, counted from 0: `from` up to `to`, `to` excluded. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** The readings of one feature. */
export interface FeatureColumn {
  readonly name: string;
  /** Read from the file; undefined where it says none. */
  readonly unit?: string | undefined;
  /** How it was read; undefined where it was put together from rows of a long file. */
  readonly plan?: ColumnPlan | undefined;
  /** [rows]; NaN where a reading is missing. */
  readonly values: Float64Array;
}

/** Words by row: `of` [rows] holds indices of `names`. */
export interface Words {
  readonly of: Int32Array;
  readonly names: readonly string[];
}

/** A file as columns. */
export interface Table {
  readonly file: string;
  readonly rows: number;
  /** The number of the first row in the file: above 0 where only a range of rows was read. */
  readonly firstRow: number;
  /** [rows]: which of the rows that were read each one is; undefined where it is all of them. */
  readonly readRows?: Int32Array | undefined;
  readonly features: readonly FeatureColumn[];
  readonly time:
    | {
        /** The name of its column, or of its two columns with a blank between. */
        readonly name: string;
        readonly names: readonly string[];
        readonly ms: Float64Array;
        /** As the file writes them, where they were kept. */
        readonly text: readonly string[];
        readonly format: TimeFormat;
      }
    | undefined;
  /** The group of each row. */
  readonly groups: Words | undefined;
  /** The name of the feature that each row of a long file holds a reading of. */
  readonly tags: Words | undefined;
  /** [rows]: 1 where a row is labelled anomalous; undefined where the file has no label column. */
  readonly anomalous: Uint8Array | undefined;
  readonly leftOut: readonly LeftOut[];
  /** Columns of text with few different words: one of them may name groups. */
  readonly texts: readonly (Words & { readonly name: string })[];
  /** Sentences on what was found out about the file. */
  readonly notes: readonly string[];
}

/** Sentences on columns that are not written as programs write numbers. */
export function namedFeatures(file: string, features: readonly FeatureColumn[]): string[] {
  const notes: string[] = [];
  for (const { name, plan } of features) {
    if (plan === undefined) continue;
    if (plan.kind === "flag") notes.push(`${file}: "${name}" is read as 1 for true and 0 for false.`);
    const { decimal, thousands } = plan.format;
    if (thousands === "") continue;
    const mark = thousands === "space" ? `a blank or an apostrophe` : `"${thousands}"`;
    notes.push(`${file}: "${name}" is read with ${mark} between thousands and "${decimal}" before decimals.`);
  }
  return notes;
}
