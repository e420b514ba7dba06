/** The options of jobs, as a query string has them: those of `train` and `renew` by their long names in kebab case. */
import {
  type Option,
  type OptionTable,
  option,
  optionOr,
  rowRange,
  type Switch,
  wholeNumber,
} from "../data/option-values.js";
import { datasetOptions, type ReadingValues, readingValues } from "../data/reading-options.js";
import { InputError, ResiduaError } from "../errors.js";
import { type ExcludedEvent, parseEvents } from "../publishing/renewal-rows.js";
import { isAliasName } from "../registry/aliases.js";
import { seed } from "../training/option-parsers.js";
import { FITTING_OPTIONS, type FittingValues, toTrainOptions } from "../training/train-options.js";
import type { TrainOptions } from "../training/train-settings.js";
import type { JobKind } from "./job.js";

const LABEL_COLUMN = option(
  "name",
  "rows that are not 0 there are anomalous, and not learnt from",
  (text) => text,
);

/** The options of a training. */
export const TRAIN_OPTIONS = {
  ...FITTING_OPTIONS,
  labelColumn: LABEL_COLUMN,
  seed: optionOr("number", "the same seed and data give the same model", seed, 1),
} as const;

/** The options of a renewal. */
export const RENEW_OPTIONS = {
  version: option("number", "version to renew (default: alias stable, else the highest valid one)", (text) =>
    String(wholeNumber(1)(text)),
  ),
  calibrateOnly: {
    help: "keep the weights; fit calibration, threshold, alarms and drift anew",
    oppositeHelp: undefined,
  },
  labelColumn: LABEL_COLUMN,
  excludeEvents: option(
    "events",
    'events that are faults and not learnt from, as JSON: [{"start": 10, "end": 19}], data rows from 0; or {"startTime", "endTime"}',
    parseExcluded,
  ),
  rows: option("from:to", "data rows from 0, the end excluded, such as 0:400", rowRange),
  promote: option("alias", "set this alias to the new version", (text) => {
    if (!isAliasName(text)) throw new InputError("It has to be a name that an alias can have.");
    return text;
  }),
} as const;

export interface TrainJobOptions {
  readonly training: TrainOptions;
  readonly reading: ReadingValues;
}

export interface RenewJobOptions {
  readonly version: string | undefined;
  readonly calibrateOnly: boolean;
  readonly promote: string | undefined;
  readonly labelColumn: string | undefined;
  readonly excludeEvents: readonly ExcludedEvent[] | undefined;
  readonly rows: ReadingValues["rows"];
}

/** Reads events in JSON. */
function parseExcluded(text: string): readonly ExcludedEvent[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError(`It has to be JSON: ${(error as Error).message}.`);
  }
  return parseEvents(json);
}

/** Texts by long names, as a query string gives them; a list where one occurs twice. */
export type Query = Readonly<Record<string, unknown>>;

/** Reads the options of a training. @throws ResiduaError INVALID_REQUEST, with the option's name. */
export function trainJobOptions(query: Query): TrainJobOptions {
  if (query["each"] !== undefined) {
    throw refusal(
      "each",
      "is one of the command line alone: a job trains one model; send the rows of each group to a model of its own",
    );
  }
  const values = parseOptions(TRAIN_OPTIONS, query) as FittingValues & {
    labelColumn: string | undefined;
    seed: number;
  };
  return refusedInQueryWords(() => {
    const reading = readingValues(values);
    datasetOptions(reading);
    return { training: toTrainOptions(values, values.seed), reading };
  });
}

/** Reads the options of a renewal. @throws ResiduaError INVALID_REQUEST, with the option's name. */
export function renewJobOptions(query: Query): RenewJobOptions {
  const values = parseOptions(RENEW_OPTIONS, query) as unknown as RenewJobOptions;
  return { ...values, calibrateOnly: values.calibrateOnly === true };
}

/** Checks the options of a job before it is accepted. @throws ResiduaError INVALID_REQUEST. */
export function checkJobOptions(kind: JobKind, query: Query): Readonly<Record<string, string>> {
  if (kind === "train") trainJobOptions(query);
  else renewJobOptions(query);
  return query as Readonly<Record<string, string>>;
}

/** The values of a table of options by their names in camel case, defaults among them. */
function parseOptions(table: OptionTable, query: Query): Readonly<Record<string, unknown>> {
  const byName = new Map(Object.entries(table).map(([key, entry]) => [kebabCase(key), { key, entry }]));
  const values: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(table)) {
    values[key] = "parse" in entry ? entry.default : undefined;
  }
  for (const [name, text] of Object.entries(query)) {
    const found = byName.get(name);
    if (found === undefined) {
      const meant = kebabCase(name).replaceAll("_", "-");
      const hint = byName.has(meant) ? `; it is written ${meant}` : "";
      throw refusal(name, `is no option here; there are ${[...byName.keys()].join(", ")}${hint}`);
    }
    if (typeof text !== "string") throw refusal(name, "occurs twice; it has to be there once");
    values[found.key] = parseOption(name, found.entry, text);
  }
  return values;
}

function parseOption(name: string, entry: Option<unknown> | Switch, text: string): unknown {
  if (!("parse" in entry)) {
    if (text === "" || text === "true") return true;
    if (text === "false") return entry.oppositeHelp === undefined ? undefined : false;
    throw refusal(name, `has to be true or false, not ${JSON.stringify(text)}`);
  }
  try {
    return entry.parse(text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw refusal(name, `cannot be ${JSON.stringify(text)}. ${error.message.replace(/\.$/, "")}`);
  }
}

function refusal(name: string, message: string): ResiduaError {
  return new ResiduaError("INVALID_REQUEST", `The option ${name} ${message}.`, {
    violations: [{ path: `?${name}`, message }],
  });
}

/** A sentence that names options as on a command line, for those who gave them in a query: `name` in place of --name. */
export function inQueryWords(sentence: string): string {
  return sentence.replaceAll(/(^|[\s("])--([a-z]+(?:-[a-z]+)*)/g, "$1`$2`");
}

function refusedInQueryWords<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new ResiduaError("INVALID_REQUEST", inQueryWords(error.message));
  }
}

function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
