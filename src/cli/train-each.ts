/** `residua train --each`: a model for each group of the data, which is read once. */
import { extname } from "node:path";
import { type GroupDataset, readGroups } from "../data/group-datasets.js";
import { datasetOptions } from "../data/reading-options.js";
import type { TrainingEngine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import {
  type GroupOrigin,
  groupModelNames,
  isTrainedOn,
  newestVersions,
} from "../publishing/group-models.js";
import { alignColumns } from "./data-table.js";
import { printNote } from "./note.js";
import { publishTraining, runTraining, type TrainingRun, TrainingStopped } from "./training-run.js";

/** A row of the table that is printed in the end. */
interface Outcome {
  readonly group: string;
  readonly model: string;
  readonly version: string;
  readonly rows: number;
  readonly result: "published" | "unchanged" | "failed" | "not reached";
  /** Why it failed. */
  readonly reason?: string;
}

/**
 * Trains and publishes a model for each value of a column. Groups whose newest version comes from the same files and
 * options are passed over, so a run that was broken off goes on when it is started again. A group that cannot be learnt
 * from does not stop the others.
 *
 * @param run with the name that the models' names begin with.
 * @throws InputError where names collide, before anything is trained; in the end, where groups failed, with each reason;
 *   where Ctrl-C stopped it; where a version cannot be written, as the others could not be either.
 */
export async function trainEach(
  paths: readonly string[],
  column: string,
  run: TrainingRun,
  createEngine: () => Promise<TrainingEngine>,
): Promise<void> {
  const reading = { ...run.reading, groupColumn: column };
  const { notes, groups } = await readGroups(paths, { ...datasetOptions(reading), groupColumn: column });
  for (const note of notes) printNote(note);
  const names = groupModelNames(
    run.name,
    column,
    groups.map(({ value }) => value),
  );
  for (const name of names.values()) await run.store.checkMayPublish(name);
  const newest = await newestVersions(run.store);

  const outcomes: Outcome[] = [];
  const engine = await createEngine();
  try {
    for (const [index, group] of groups.entries()) {
      const name = names.get(group.value)!;
      const each = { column, value: group.value, asked: { ...reading, ...run.options } };
      process.stdout.write(`\n${column} "${group.value}", ${index + 1} of ${groups.length}: model ${name}\n`);
      const report = run.report && reportOf(run.report, name.slice(run.name.length));
      const own = { ...run, name, reading, report, each };
      const outcome = await trainGroup(engine, group, newest.get(name), own);
      if (outcome === "stopped") break;
      outcomes.push(outcome);
    }
  } finally {
    await engine.close();
    const rest = groups.slice(outcomes.length).map(({ value, rows }) => {
      return { group: value, model: names.get(value)!, version: "-", rows, result: "not reached" } as const;
    });
    process.stdout.write(formatOutcomes(column, [...outcomes, ...rest]));
  }
  refuseUnfinished(outcomes, groups.length, column);
}

/**
 * @param newest the newest version of the group's model, if there is one.
 * @returns "stopped" where Ctrl-C ended the training: what it had learnt is dropped.
 */
async function trainGroup(
  engine: TrainingEngine,
  group: GroupDataset,
  newest: string | undefined,
  run: TrainingRun & { readonly each: GroupOrigin },
): Promise<Outcome | "stopped"> {
  const { name, store, each } = run;
  const of = { group: group.value, model: name, rows: group.rows };
  if (newest !== undefined && (await isTrainedOn(store, { name, version: newest }, each, group.sha256))) {
    process.stdout.write(`version ${newest} was trained on the same files with the same options and stays\n`);
    return { ...of, version: newest, result: "unchanged" };
  }
  const tried = await attempt(async () => {
    const dataset = group.make();
    for (const note of dataset.notes) printNote(`${name}: ${note}`);
    return { dataset, trained: await runTraining(engine, dataset, run) };
  });
  if (tried instanceof TrainingStopped) return "stopped";
  if (tried instanceof InputError) {
    process.stdout.write("failed; the reason is told in the end\n");
    return { ...of, version: "-", result: "failed", reason: tried.message };
  }
  const { dataset, trained } = tried;
  if (trained.isStopped) return "stopped";
  const { version } = await publishTraining(engine, dataset, trained, run);
  return { ...of, version, result: "published" };
}

/** What a step gives, or the InputError that it throws. */
async function attempt<Result>(step: () => Promise<Result>): Promise<Result | InputError> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

/** The file of one model's report: `out.html` becomes `out.<group>.html`. */
function reportOf(report: string, ending: string): string {
  const extension = extname(report);
  return `${report.slice(0, report.length - extension.length)}${ending}${extension}`;
}

function formatOutcomes(column: string, outcomes: readonly Outcome[]): string {
  const table = [
    [column, "model", "version", "rows", "result"],
    ...outcomes.map(({ group, model, version, rows, result }) => [
      group,
      model,
      version,
      String(rows),
      result,
    ]),
  ];
  return `\n${alignColumns(table).join("\n")}\n`;
}

function refuseUnfinished(outcomes: readonly Outcome[], groups: number, column: string): void {
  const failed = outcomes.filter(({ result }) => result === "failed");
  const reasons = failed.map(({ group, reason }) => `${column} "${group}": ${reason}`);
  if (outcomes.length < groups) {
    reasons.push(
      `Training was stopped with ${groups - outcomes.length} of ${groups} models not reached; the same command goes on with them.`,
    );
  }
  if (failed.length > 0)
    reasons.push(`${failed.length} of ${groups} models failed; nothing of them is published.`);
  if (reasons.length > 0) throw new InputError(reasons.join("\n"));
}
