/** The answer to a series as a table with a row for each timestep: what CSV and Arrow have in common. */
import { decimalsOf, formatFloat32, formatUnits } from "../scoring/digits.js";
import type { SeriesScores } from "../serving/score-result.js";

/** A column; `values` are those of rows [from, to) of the series. */
export type TableColumn =
  | {
      readonly kind: "number";
      readonly name: string;
      /** NaN where there is no number. */
      readonly values: (from: number, to: number) => Float64Array;
      readonly text: (value: number) => string;
    }
  | {
      readonly kind: "verdict";
      readonly name: string;
      /** 1 or 0; anything else for none. */
      readonly values: (from: number, to: number) => Int8Array;
    };

/** The names of columns behind that of their feature; the reconstruction's is the feature's own. */
const HEAD_SUFFIXES: Readonly<Record<string, string>> = { reconstruction: "" };

/**
 * The columns `score`, `p_value`, `anomalous`, `timestep_error`; and by feature `<feature>`, `<feature>.prediction`,
 * `<feature>.linear`, `<feature>.error`, `<feature>.lower`, `<feature>.upper`, as far as they are among the parts.
 *
 * @param parts those that were asked for.
 */
export function tableColumns(scores: SeriesScores, asked: ReadonlySet<string>): TableColumn[] {
  const { score, pValue, anomalous, timestepError, parts, model } = scores;
  const own = (name: string, values: Float64Array, text = formatFloat32): TableColumn => ({
    kind: "number",
    name,
    text,
    values: (from, to) => values.subarray(from, to),
  });
  const columns: TableColumn[] = [
    own("score", score),
    own("p_value", pValue, String),
    { kind: "verdict", name: "anomalous", values: (from, to) => anomalous.subarray(from, to) },
  ];
  if (asked.has("timestepError")) columns.push(own("timestep_error", timestepError!));
  if (parts === undefined) return columns;
  const { scale, offset } = model.scoring.scaler;
  const names = model.manifest.features.map(({ name }) => name);
  const byFeature = (
    suffix: string,
    values: Float32Array,
    unscale: (value: number, feature: number) => number,
    text: (feature: number) => (value: number) => string,
  ): void => {
    for (const [feature, name] of names.entries()) {
      columns.push({
        kind: "number",
        name: `${name}${suffix}`,
        values: (from, to) =>
          Float64Array.from({ length: to - from }, (_, i) =>
            unscale(values[(from + i) * names.length + feature]!, feature),
          ),
        text: text(feature),
      });
    }
  };
  const inUnits = (suffix: string, values: Float32Array): void =>
    byFeature(
      suffix,
      values,
      (value, feature) => value * scale[feature]! + offset[feature]!,
      (feature) => {
        const decimals = decimalsOf(scale[feature]!);
        return (value) => formatUnits(value, decimals);
      },
    );
  for (const [head, values] of parts.heads) {
    if (asked.has(head)) inUnits(HEAD_SUFFIXES[head] ?? `.${head}`, values);
  }
  if (parts.featureError !== undefined) {
    byFeature(
      ".error",
      parts.featureError,
      (value) => value,
      () => formatFloat32,
    );
  }
  if (parts.bounds !== undefined) {
    inUnits(".lower", parts.bounds.lower);
    inUnits(".upper", parts.bounds.upper);
  }
  return columns;
}
