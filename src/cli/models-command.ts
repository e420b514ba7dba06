/** `residua models` and `residua models verify`: what is published, and whether it is sound. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { loadConfig } from "../config.js";
import { chooseEngine } from "../engine/choose-engine.js";
import type { Engine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import { readAliases } from "../registry/aliases.js";
import { readBundle, readManifest } from "../registry/bundle.js";
import { replayGolden } from "../registry/golden.js";
import { listModels } from "./stored-model.js";

interface ModelsFlags {
  readonly models?: string;
}

const MODELS_OPTION = ["--models <folder>", "folder of models (default: RESIDUA_MODELS, or models)"] as const;

export function addModelsCommand(program: Command): void {
  const models = program
    .command("models")
    .description("list what is published, with sizes and hashes")
    .option(...MODELS_OPTION)
    .action((flags: ModelsFlags) => list(flags));
  models
    .command("verify")
    .description("check every hash and replay every golden window")
    .option(...MODELS_OPTION)
    .action((_: ModelsFlags, command: Command) => verify(command.optsWithGlobals<ModelsFlags>()));
}

async function list(flags: ModelsFlags): Promise<void> {
  const folder = flags.models ?? loadConfig(process.env).RESIDUA_MODELS;
  const rows = [["name", "version", "aliases", "family", "window", "size", "sha256"]];
  for (const model of await listModels(folder)) {
    const aliases = await readAliases(model.folder).catch(() => new Map<string, string>());
    for (const version of model.versions) {
      const own = [...aliases].filter(([, target]) => target === version).map(([alias]) => alias);
      const versionFolder = join(model.folder, version);
      const described = await describeVersion(versionFolder);
      rows.push([model.name, version, own.join(" ") || "-", ...described]);
    }
  }
  process.stdout.write(rows.length === 1 ? `There is no model in ${folder}.\n` : align(rows));
}

async function describeVersion(folder: string): Promise<string[]> {
  const size = formatBytes(await folderBytes(folder));
  try {
    const { manifest, sha256 } = await readManifest(folder);
    return [manifest.family, `${manifest.timesteps} x ${manifest.features.length}`, size, sha256];
  } catch (error) {
    return ["-", "-", size, `refused: ${error instanceof Error ? error.message : error}`];
  }
}

async function verify(flags: ModelsFlags): Promise<void> {
  const config = loadConfig(process.env);
  const folder = flags.models ?? config.RESIDUA_MODELS;
  const models = await listModels(folder);
  const { engine } = await chooseEngine(config.RESIDUA_ENGINE, { threads: config.RESIDUA_THREADS });
  let checked = 0;
  let refused = 0;
  try {
    for (const model of models) {
      for (const version of model.versions) {
        const reason = await reasonToRefuse(engine, join(model.folder, version));
        checked++;
        if (reason !== undefined) refused++;
        process.stdout.write(
          `${model.name} ${version}: ${reason === undefined ? "ok" : `refused: ${reason}`}\n`,
        );
      }
    }
  } finally {
    await engine.close();
  }
  if (refused > 0) throw new InputError(`${refused} of ${checked} versions are not sound.`);
  if (checked === 0) throw new InputError(`There is no model in ${folder}.`);
}

async function reasonToRefuse(engine: Engine, folder: string): Promise<string | undefined> {
  try {
    const bundle = await readBundle(folder);
    const executable = await engine.compile(bundle.network, bundle.weights);
    try {
      await replayGolden(executable, bundle.golden);
    } finally {
      await executable.close();
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder)) bytes += (await stat(join(folder, name))).size;
  return bytes;
}

function formatBytes(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function align(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
    .concat("\n");
}
