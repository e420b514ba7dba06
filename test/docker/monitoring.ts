/** Debian's Prometheus and Alertmanager as processes, with the configuration that is shipped made quick. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { freePort, repository } from "../server-process.js";

export const shipped = join(repository, "docker", "prometheus");

/** Whether a program can be started; else the reason to skip a test. */
export function missing(...programs: string[]): string | false {
  const absent = programs.filter((program) => spawnSync(program, ["--version"]).status !== 0);
  return absent.length === 0 ? false : `${absent.join(" and ")} cannot be started here`;
}

/** A folder that is removed after the test. */
async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "residua-monitoring-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** @returns what ends it; it ends with the test at the latest. */
async function startProgram(
  t: TestContext,
  program: string,
  args: string[],
  url: string,
): Promise<() => Promise<void>> {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const end = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL")) await gone;
  };
  t.after(end);
  for (let round = 0; ; round++) {
    const isReady = await fetch(`${url}/-/ready`).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (isReady) return end;
    assert.ok(child.exitCode === null && round < 3000, `${program} did not start:\n${log}`);
    await delay(10);
  }
}

/**
 * Prometheus, reading a service every second by the shipped configuration; alerts do not wait.
 * @param service its host and port.
 * @param alertmanager its host and port; without one, alerts go nowhere.
 * @returns the URL of its page.
 */
export async function startPrometheus(
  t: TestContext,
  service: string,
  alertmanager = "127.0.0.1:9",
): Promise<string> {
  const folder = await scratch(t);
  const text = await readFile(join(shipped, "prometheus.yaml"), "utf8");
  const config = text
    .replace(/scrape_interval: \w+/, "scrape_interval: 1s")
    .replace(/evaluation_interval: \w+/, "evaluation_interval: 1s")
    .replace("alertmanager:9093", alertmanager)
    .replace("/run/secrets/residua-api-token", join(repository, "docker", "no-token"))
    .replace("replica1:3000, replica2:3000", service);
  assert.ok(config.includes(service) && config.includes(alertmanager));
  await writeFile(join(folder, "prometheus.yaml"), config);
  const rules = await readFile(join(shipped, "rules.yaml"), "utf8");
  await writeFile(join(folder, "rules.yaml"), rules.replaceAll(/^( +for:) \w+$/gm, "$1 0s"));
  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    `--config.file=${join(folder, "prometheus.yaml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=${address}`,
  ];
  await startProgram(t, "prometheus", args, `http://${address}`);
  return `http://${address}`;
}

/**
 * Prometheus that reads nothing and takes what is written to it.
 * @param options for the command line, beside those for address and storage.
 * @returns the URL of its API, what ends the process, and what starts it again with what it had stored.
 */
export async function startReceiver(
  t: TestContext,
  options: readonly string[] = [],
): Promise<{ url: string; end: () => Promise<void>; start: () => Promise<void> }> {
  const folder = await scratch(t);
  const config = join(folder, "prometheus.yaml");
  await writeFile(config, "global: {}\n");
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=${address}`,
    "--web.enable-remote-write-receiver",
    ...options,
  ];
  let end = await startProgram(t, "prometheus", args, url);
  return {
    url,
    end: () => end(),
    start: async () => {
      end = await startProgram(t, "prometheus", args, url);
    },
  };
}

/**
 * Alertmanager by the shipped configuration, but that it waits for no further alerts. The version that Debian has reads the
 * address of a webhook from the configuration alone.
 * @param webhook the URL that alerts are posted to.
 * @returns its host and port.
 */
export async function startAlertmanager(t: TestContext, webhook: string): Promise<string> {
  const folder = await scratch(t);
  const file = join(folder, "alertmanager.yaml");
  await copyFile(join(shipped, "alertmanager.yaml"), file);
  const config = (await readFile(file, "utf8"))
    .replace(/group_wait: \w+/, "group_wait: 0s")
    .replace(/url_file: .*/, `url: ${webhook}`);
  assert.ok(config.includes(webhook));
  await writeFile(file, config);
  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    `--config.file=${file}`,
    `--storage.path=${join(folder, "data")}`,
    `--web.listen-address=${address}`,
    "--cluster.listen-address=",
  ];
  await startProgram(t, "prometheus-alertmanager", args, `http://${address}`);
  return address;
}
