/** `residua models` lists what is published; `residua models verify` checks it. */
import type { Command } from "commander";
import { loadConfig } from "../config.js";
import { wholeNumber } from "../data/option-values.js";
import { InputError } from "../errors.js";
import { openJobStore } from "../jobs/start-jobs.js";
import { checkUnused } from "../jobs/version-users.js";
import { listPublished, verifyModels } from "../registry/inventory.js";
import { alignColumns } from "./data-table.js";
import { checkName } from "./model-name.js";
import { printNote } from "./note.js";
import { openEngine } from "./open-engine.js";
import { openModels } from "./open-models.js";
import { addModelsOption, argument } from "./options.js";

/** What is wrong with the store of jobs is in the error that ends the command. */
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

interface ModelsFlags {
  readonly models?: string;
}

/** Adds `models` and `models verify` to the program. */
export function addModelsCommand(program: Command): void {
  const models = program.command("models").description("list what is published, with sizes and hashes");
  addModelsOption(models).action((flags: ModelsFlags) => list(flags));
  const check = models.command("verify").description("check every hash and replay every golden window");
  addModelsOption(check).action((_: ModelsFlags, command: Command) =>
    verify(command.optsWithGlobals<ModelsFlags>()),
  );
  const deletion = models
    .command("delete")
    .description("delete a version that no alias names; its number is never used again")
    .argument("<name>", "name of the model")
    .argument("<version>", "its number", argument(wholeNumber(1)));
  addModelsOption(deletion).action((name: string, version: number, _: ModelsFlags, command: Command) =>
    remove(name, String(version), command.optsWithGlobals<ModelsFlags>()),
  );
}

async function list(flags: ModelsFlags): Promise<void> {
  const store = openModels(flags.models, loadConfig(process.env));
  const rows = [["name", "version", "aliases", "family", "window", "size", "sha256"]];
  for (const { name, version, aliases, bytes, manifest, sha256, reason } of await listPublished(
    store,
    printNote,
  )) {
    rows.push([
      name,
      version,
      aliases.join(" ") || "-",
      manifest?.family ?? "-",
      manifest === undefined ? "-" : `${manifest.timesteps} x ${manifest.features.length}`,
      formatBytes(bytes),
      sha256 ?? `refused: ${reason}`,
    ]);
  }
  process.stdout.write(
    rows.length === 1
      ? `There is no model in ${store.place}.\n`
      : `${alignColumns(rows, rows[0]!.length).join("\n")}\n`,
  );
}

async function remove(name: string, version: string, flags: ModelsFlags): Promise<void> {
  checkName(name);
  const config = loadConfig(process.env);
  const jobs = await openJobStore(
    { ...config, RESIDUA_MODELS: flags.models ?? config.RESIDUA_MODELS },
    SILENT,
  );
  await checkUnused(jobs, name, version).finally(() => jobs.close());
  await openModels(flags.models, config).deleteVersion(name, version);
  process.stdout.write(`${name} ${version} is deleted.\n`);
}

async function verify(flags: ModelsFlags): Promise<void> {
  const config = loadConfig(process.env);
  const store = openModels(flags.models, config);
  const engine = await openEngine(config);
  let checked = 0;
  let refused = 0;
  try {
    for await (const { name, version, ok, reason } of verifyModels(store, engine)) {
      checked++;
      if (!ok) refused++;
      process.stdout.write(`${name} ${version}: ${ok ? "ok" : `refused: ${reason}`}\n`);
    }
  } finally {
    await engine.close();
  }
  if (refused > 0) throw new InputError(`${refused} of ${checked} versions are not sound.`);
  if (checked === 0) throw new InputError(`There is no model in ${store.place}.`);
}

function formatBytes(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
