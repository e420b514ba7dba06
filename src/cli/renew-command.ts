/** `residua renew`: the next version of a model, from recent data with the options of the version that is live. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { loadConfig } from "../config.js";
import { modelDatasetOptions, readDataSection } from "../data/data-section.js";
import { type Dataset, readDataset } from "../data/dataset.js";
import { rowRange } from "../data/option-values.js";
import { FILE_FORMS, type ReadingValues } from "../data/reading-options.js";
import type { RowRange } from "../data/table-form.js";
import { InputError } from "../errors.js";
import { type Renewal, renew } from "../publishing/renew.js";
import type { VersionFigures } from "../publishing/renewal-figures.js";
import { recordedReading } from "../publishing/renewal-record.js";
import { excludeEvents, parseEvents } from "../publishing/renewal-rows.js";
import { isAliasName } from "../registry/aliases.js";
import type { Bundle } from "../registry/bundle.js";
import { openStoredVersion } from "../registry/stored-model.js";
import { significantDigits } from "../scoring/digits.js";
import { formatFacts, publishedFacts } from "./facts.js";
import { printNote } from "./note.js";
import { openTrainingEngine } from "./open-engine.js";
import { openModels } from "./open-models.js";
import { addModelsOption, addVersionOption, argument } from "./options.js";
import { TrainingWatch } from "./training-watch.js";
import { UsageError } from "./usage-error.js";

interface RenewFlags {
  readonly version?: number;
  readonly calibrateOnly?: boolean;
  readonly excludeEvents?: string;
  readonly promote?: string;
  readonly labelColumn?: string | false;
  readonly rows?: RowRange;
  readonly models?: string;
}

/** Adds `renew` to the program. */
export function addRenewCommand(program: Command): void {
  const command = program
    .command("renew")
    .description(
      "train a model anew on recent data with the options of its live version, and publish it where it is not worse on the newest fifth of the rows",
    )
    .argument("<name>", "name of the model")
    .argument("<files...>", `data files with the model's columns: ${FILE_FORMS}`);
  addVersionOption(command, "version to renew (default: alias stable, else the highest valid one)")
    .option("--calibrate-only", "keep the weights; fit calibration, threshold, alarms and drift anew")
    .option(
      "--exclude-events <file>",
      "events that are faults and not learnt from, as score --events writes them",
    )
    .option("--label-column <name>", "rows that are not 0 there are faults (default: as in training)")
    .option("--no-label-column", "the files have no labels, though the training data had")
    .option(
      "--rows <from:to>",
      "data rows from 0, the end excluded, such as 0:400 (default: all)",
      argument(rowRange),
    )
    .option("--promote <alias>", "set this alias to the new version");
  addModelsOption(command).action(runRenewal);
}

async function runRenewal(name: string, paths: string[], flags: RenewFlags): Promise<void> {
  const { promote } = flags;
  if (promote !== undefined && !isAliasName(promote)) {
    throw new UsageError(
      `--promote "${promote}" is no name for an alias: small letters, digits, ".", "_" and "-", beginning with a letter or digit.`,
    );
  }
  const config = loadConfig(process.env);
  const store = openModels(flags.models, config);
  await store.checkMayPublish(name);
  const engine = await openTrainingEngine(config);
  const watch = new TrainingWatch();
  try {
    const opened = await openStoredVersion(store, name, { version: flags.version?.toString() }, engine);
    const live = opened.bundle;
    const reading = readingOf(live, flags);
    if (flags.calibrateOnly === true) watch.end();
    const dataset = await readRecent(paths, readDataSection(live.manifest), reading, flags.excludeEvents);
    const renewal = await renew(
      engine,
      opened,
      dataset,
      {
        store,
        calibrateOnly: flags.calibrateOnly === true,
        promote,
        reading,
        signal: watch.signal,
      },
      watch.events,
    );
    process.stdout.write(describeComparison(live, renewal));
    if (renewal.published === undefined) {
      throw new InputError(
        `Nothing is published and ${name} ${live.version} stays: the renewed version ${renewal.worse.join("; and it ")}.`,
      );
    }
    process.stdout.write(describePublished(name, renewal.published, promote));
  } finally {
    watch.end();
    await engine.close();
  }
}

function readingOf(live: Bundle, { labelColumn, rows }: RenewFlags): ReadingValues {
  const recorded = recordedReading(live.manifest);
  return {
    ...recorded,
    labelColumn: labelColumn === false ? undefined : (labelColumn ?? recorded.labelColumn),
    rows,
  };
}

async function readRecent(
  paths: readonly string[],
  section: ReturnType<typeof readDataSection>,
  reading: ReadingValues,
  eventsFile: string | undefined,
): Promise<Dataset> {
  const dataset = await readDataset(paths, modelDatasetOptions(section, reading));
  for (const note of dataset.notes) printNote(note);
  if (eventsFile === undefined) return dataset;
  const text = await readFile(eventsFile, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`--exclude-events ${eventsFile} cannot be read: ${error.message}.`);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError(`--exclude-events ${eventsFile} is not JSON: ${(error as Error).message}.`);
  }
  return excludeEvents(dataset, parseEvents(json), printNote);
}

function describeComparison({ version }: Bundle, { comparison: { live, renewed } }: Renewal): string {
  const lines: [what: string, of: (figures: VersionFigures) => string][] = [
    ["rows held out", ({ rows }) => String(rows)],
    ["threshold", ({ threshold }) => format(threshold)],
    ["median score", ({ scores }) => format(scores.median)],
    ["95 % of scores", ({ scores }) => format(scores.upper)],
    ["99 % of scores", ({ scores }) => format(scores.top)],
    ["flagged", ({ flagged }) => (flagged === null ? "-" : `${significantDigits(100 * flagged, 3)} %`)],
    ["median error", ({ errors }) => format(errors.median)],
    ["level moved", ({ drift }) => (drift.series === 0 ? "-" : `${drift.moved} of ${drift.series} series`)],
    ["golden flagged", ({ golden }) => `${golden.flagged} of ${golden.windows}`],
    ["faults found", ({ faults }) => (faults === null ? "-" : `${faults.found} of ${faults.labelled}`)],
  ];
  const rows = [
    ["", `version ${version}`, "renewed"],
    ...lines.map(([what, of]) => [what, of(live), of(renewed)]),
  ];
  return rows.map(([what, a, b]) => `${what!.padEnd(16)}${a!.padEnd(16)}${b}\n`).join("");
}

function format(value: number | null): string {
  return value === null ? "-" : significantDigits(value);
}

function describePublished(
  name: string,
  published: NonNullable<Renewal["published"]>,
  alias: string | undefined,
): string {
  const facts = publishedFacts(name, published);
  if (alias !== undefined) facts.push(["alias", `${alias} is version ${published.version}`]);
  return formatFacts(facts);
}
