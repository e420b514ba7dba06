/** The model that the HTTP scenarios score with: T50 F8 U64 by default, published into a folder of its own. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository } from "../../server-process.js";

export const BENCH_MODEL = "bench";

export interface BenchModel {
  /** A folder of bundles for RESIDUA_MODELS. */
  readonly models: string;
  /** A file with a request of `windows` windows, four decimals a reading. */
  body(windows: number): string;
  /** The same windows as a request of the Open Inference Protocol, FP32 behind the JSON. */
  binaryBody(windows: number, more: object): BinaryBody;
}

export interface BinaryBody {
  readonly file: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Trains for one epoch, through the command line, on a made-up series: only the shape is of interest. The folder is
 * removed when this process ends.
 * @param checkout the folder of the built checkout whose command line trains, since bundles of a later one may have a
 *   format that an earlier one cannot read
 */
export function publishBenchModel({
  timesteps = 50,
  features = 8,
  units = 64,
  versions = 1,
  checkout = repository,
} = {}): BenchModel {
  const folder = mkdtempSync(join(tmpdir(), "residua-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const reading = (row: number, feature: number): string =>
    (0.5 + 0.4 * Math.sin(row / (5 + feature)) + 0.05 * Math.sin(row * 7.3 + feature)).toFixed(4);
  const rowOf = (row: number): string[] =>
    Array.from({ length: features }, (_, feature) => reading(row, feature));
  const header = Array.from({ length: features }, (_, feature) => `sensor${feature}`);
  const rows = Array.from({ length: 20 * timesteps }, (_, row) => rowOf(row).join(","));
  writeFileSync(join(folder, "series.csv"), `${[header.join(","), ...rows].join("\n")}\n`);
  const models = join(folder, "models");
  const cli = join(checkout, "dist", "src", "cli.js");
  const train = ["train", join(folder, "series.csv"), "--name", BENCH_MODEL, "--models", models];
  const shape = [
    "--family",
    "reconstruction",
    "--timesteps",
    `${timesteps}`,
    "--units",
    `${units}`,
    "--activation",
    "relu",
    "--epochs",
    "1",
    // One fit of the plain network; an earlier checkout has no linear path that could be turned off.
    "--calibration",
    "0.2",
    ...(hasLinearPath(cli) ? ["--linear-path", "off"] : []),
  ];
  for (let version = 1; version <= versions; version++) {
    const seed = ["--seed", `${version}`];
    execFileSync(process.execPath, [cli, ...train, ...shape, ...seed], {
      stdio: "pipe",
    });
  }
  let bodies = 0;
  const windowOf = (n: number): string[][] => Array.from({ length: timesteps }, (_, t) => rowOf(n * 3 + t));
  const windowsOf = (count: number): string[][][] => Array.from({ length: count }, (_, n) => windowOf(n));
  return {
    models,
    body(windows) {
      const file = join(folder, `body-${windows}.json`);
      const texts = windowsOf(windows).map(
        (window) => `[${window.map((row) => `[${row.join(",")}]`).join(",")}]`,
      );
      writeFileSync(file, `{"windows":[${texts.join(",")}]}`);
      return file;
    },
    binaryBody(windows, more) {
      const file = join(folder, `body-${windows}-${bodies++}.bin`);
      const values = Float32Array.from(windowsOf(windows).flat(2), Number);
      const input = {
        name: "windows",
        shape: [windows, timesteps, features],
        datatype: "FP32",
        parameters: { binary_data_size: values.byteLength },
      };
      const json = Buffer.from(JSON.stringify({ inputs: [input], ...more }));
      writeFileSync(file, Buffer.concat([json, new Uint8Array(values.buffer)]));
      return {
        file,
        headers: {
          "Content-Type": "application/octet-stream",
          "Inference-Header-Content-Length": `${json.length}`,
        },
      };
    },
  };
}

function hasLinearPath(cli: string): boolean {
  return execFileSync(process.execPath, [cli, "train", "--help"], { encoding: "utf8" }).includes(
    "--linear-path",
  );
}
