/** The options of training as texts, for tests. */
import type { OptionTable } from "../../src/data/option-values.js";
import { FITTING_OPTIONS, type FittingValues } from "../../src/training/train-options.js";

/** The values of the table where nothing but these texts is given, as a front end makes them. */
export function valuesOf(texts: Readonly<Record<string, string>>): FittingValues {
  const table: OptionTable = FITTING_OPTIONS;
  const values = Object.entries(table).map(([name, entry]) => {
    const text = texts[name];
    if (!("parse" in entry)) return [name, text === undefined ? undefined : text === "true"];
    return [name, text === undefined ? entry.default : entry.parse(text)];
  });
  return Object.fromEntries(values) as FittingValues;
}
