/** The command line as a user has it: a process of dist/src/cli.js, with a folder of its own. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const cli = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "src", "cli.js");

export interface Finished {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Workplace {
  readonly folder: string;
  readonly models: string;
  write(name: string, content: string | Uint8Array): Promise<string>;
  residua(args: readonly string[], options?: RunOptions): Promise<Finished>;
}

export interface RunOptions {
  readonly env?: Record<string, string>;
  /** Called with all that was printed so far, whenever more is. */
  readonly onOutput?: (out: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** A folder for data and models, removed when the test is over. */
export async function createWorkplace(t: TestContext): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), "residua-cli-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const models = join(folder, "models");
  return {
    folder,
    models,
    async write(name, content) {
      await writeFile(join(folder, name), content);
      return join(folder, name);
    },
    residua: (args, options = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [cli, ...args], {
          cwd: folder,
          env: {
            ...process.env,
            RESIDUA_MODELS: models,
            RESIDUA_THREADS: "1",
            RESIDUA_ENGINE: "wasm",
            ...options.env,
          },
          stdio: ["ignore", "pipe", "pipe"],
        });
        let out = "";
        let err = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          out += text;
          options.onOutput?.(out, (signal) => child.kill(signal));
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
          err += text;
        });
        child.once("error", reject);
        child.once("close", (status) => resolve({ status, out, err }));
      }),
  };
}

/** A daily-looking signal and its cosine, with a little noise, one row a minute. */
export function writeWaves(rows: number, options: { spikeAt?: number } = {}): string {
  const lines = ["timestamp;sin;cos"];
  let noise = 1;
  for (let row = 0; row < rows; row++) {
    // A linear congruential generator: the same rows on every machine.
    noise = (noise * 1103515245 + 12345) % 2 ** 31;
    const spike =
      options.spikeAt !== undefined && row >= options.spikeAt && row < options.spikeAt + 5 ? 4 : 0;
    const jitter = (noise / 2 ** 31 - 0.5) * 0.1;
    const time = new Date(Date.UTC(2024, 0, 1) + row * 60_000).toISOString();
    lines.push(
      `${time};${(Math.sin(row / 5) + jitter + spike).toFixed(4)};${(Math.cos(row / 5) + jitter).toFixed(4)}`,
    );
  }
  return `${lines.join("\r\n")}\r\n`;
}
