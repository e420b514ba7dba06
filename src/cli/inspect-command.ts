/** `residua inspect`: what `train` would take from data files. */
import type { Command } from "commander";
import { readDataset } from "../data/dataset.js";
import {
  COLUMNS_OPTION,
  datasetOptions,
  FILE_FORMS,
  FILE_OPTIONS,
  type ReadingValues,
} from "../data/reading-options.js";
import { formatTaken } from "./data-table.js";
import { printNote } from "./note.js";
import { addOptions } from "./options.js";

interface InspectFlags extends ReadingValues {
  readonly json?: boolean;
}

/** Adds `inspect` to the program. */
export function addInspectCommand(program: Command): void {
  const command = program
    .command("inspect")
    .description("say what train would take from data files: time, features, what is missing or left out")
    .argument("<files...>", `data files: ${FILE_FORMS}`)
    .option("--label-column <name>", "rows that are not 0 there are anomalous")
    .option("--json", "as JSON");
  addOptions(command, { columns: COLUMNS_OPTION, ...FILE_OPTIONS }).action(inspect);
}

async function inspect(paths: string[], flags: InspectFlags): Promise<void> {
  const { taken, notes } = await readDataset(paths, datasetOptions(flags));
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(taken, undefined, 2)}\n`);
    return;
  }
  process.stdout.write(formatTaken(taken!));
  for (const note of notes) printNote(note);
}
