/** The examples of examples/ as programs, in a folder with the packages that they name and those of their tests. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { INSTALL_MS, installed } from "../clients/packages.js";
import { startUnreliableProxy } from "../clients/unreliable-proxy.js";
import { repository } from "../server-process.js";
import { MODEL, normalRows, startService, TIMESTEPS } from "../watch/watched.js";

const run = promisify(execFile);
const SCRIPT = "score-rows.mjs";

/** Rows that are sent: the last are far from normal operation. */
export const ROWS = normalRows(0, 12, 9).map(({ readings }) => ({
  temperature: readings[0],
  pressure: readings[1],
}));

/** What an example answers to a row. */
export interface Answer {
  readonly score?: number | null;
  readonly anomalous?: boolean | null;
  readonly events?: readonly object[];
  readonly problem?: string;
}

/**
 * A folder with an example and its packages; undefined, and the test skipped, where they cannot be installed.
 * @param more packages of the test, as in package.json.
 */
export async function installExample(
  t: TestContext,
  name: string,
  more: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  const source = join(repository, "examples", name);
  const manifest = JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const text = JSON.stringify({ ...manifest, dependencies: { ...manifest.dependencies, ...more } });
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
  const folder = await installed(t, `example-${name}-${hash}`, (cwd) => {
    writeFileSync(join(cwd, "package.json"), text);
    const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"];
    return run("npm", args, { cwd, timeout: INSTALL_MS });
  });
  if (folder !== undefined) copyFileSync(join(source, SCRIPT), join(folder, SCRIPT));
  return folder;
}

/** A package of such a folder. */
export async function packageOf<T>(folder: string, name: string): Promise<T> {
  const code = `console.log(import.meta.resolve(${JSON.stringify(name)}))`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", code], { cwd: folder });
  return (await import(stdout.trim())) as T;
}

/**
 * Starts an example with a model of two features, behind a service that is busy at first; resolves when it waits for
 * rows. It ends with the test.
 * @returns `failed` rejects, with what it printed, where it ends before.
 */
export async function startExample(
  t: TestContext,
  folder: string,
  broker: string,
  topic: string,
): Promise<{ failed: Promise<never> }> {
  const { server } = await startService(t, { RESIDUA_API_TOKEN: "token" });
  const proxy = await startUnreliableProxy(t, server.url, { "POST .*/score$": ["full", "later"] });
  const child = spawn(process.execPath, [join(folder, SCRIPT), broker, topic, MODEL, proxy.url], {
    env: { ...process.env, RESIDUA_API_TOKEN: "token" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => {
    child.kill("SIGKILL");
  });
  let output = "";
  let onRows = (): void => undefined;
  const waits = new Promise<void>((resolve) => {
    onRows = resolve;
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes(`scores rows of ${topic}\n`)) onRows();
    });
  }
  const failed = new Promise<never>((_, reject) => {
    child.once("close", (status) => reject(new Error(`The example ended with ${status}:\n${output}`)));
  });
  failed.catch(() => undefined);
  await Promise.race([waits, failed]);
  return { failed };
}

/** Checks the answers to `ROWS`, sent one after the other, and then to a row that the model does not take. */
export function checkAnswers(answers: readonly Answer[]): void {
  assert.equal(answers.length, ROWS.length + 1);
  const scores = answers.map(({ score }) => score);
  assert.deepEqual(scores.slice(0, TIMESTEPS - 1), [null, null, null]);
  assert.ok(scores.slice(TIMESTEPS - 1, ROWS.length).every((score) => typeof score === "number"));
  assert.deepEqual(answers.map(({ anomalous }) => anomalous).slice(TIMESTEPS - 1, ROWS.length), [
    false,
    false,
    false,
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
  assert.equal(answers.at(-2)?.events?.length, 1);
  assert.match(answers.at(-1)?.problem ?? "", /humidity/);
}
