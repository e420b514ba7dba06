/**
 * golden.json: a few windows with the outputs of the serving executable, run again whenever a version is loaded. A version
 * whose outputs differ on this machine is refused.
 */
import type { Executable, Outputs } from "../engine/engine.js";
import { InputError } from "../errors.js";
import { array, object, text } from "../network/json-guards.js";
import { embeddingUnits, type Network, windowSize } from "../network/network.js";
import { formatFloat32 } from "../scoring/digits.js";

/** The largest difference, relative to max(1, |recorded|), that other engines, machines and builds may show. */
export const GOLDEN_TOLERANCE = 1e-4;

/** Windows with the outputs that were recorded for them. */
export interface Golden {
  /** How many windows. */
  readonly count: number;
  /** [count, timesteps, features + covariates], scaled. */
  readonly windows: Float32Array;
  readonly outputs: Outputs;
}

/**
 * Runs windows and keeps the outputs.
 *
 * @param windows [count, timesteps, features + covariates], scaled.
 * @throws InputError where an output is not finite.
 */
export async function recordGolden(
  executable: Executable,
  windows: Float32Array,
  count: number,
): Promise<Golden> {
  const outputs = await executable.run(windows, count);
  for (const [what, values] of named(executable.network, outputs)) {
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0)
      throw new InputError(`The network gives ${values[wrong]} in the ${what} of a golden window.`);
  }
  return { count, windows: windows.slice(), outputs };
}

/** The most windows of one run of a replay, where the engine does not say how many are efficient. */
const RUN_WINDOWS = 32;
/** How long a replay may take. Those of trained models take milliseconds, of the largest ones a few seconds. */
const REPLAY_MS = 60_000;

export interface ReplayOptions {
  readonly withinMs?: number | undefined;
  /** Ends the replay before its next run. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs the windows again, a few at a time, so that the runs of other models come in between.
 * @throws InputError, naming output and position, where an output is not the recorded one, or where it takes too long;
 *   the signal's reason where it is aborted.
 */
export async function replayGolden(
  executable: Executable,
  golden: Golden,
  { withinMs = REPLAY_MS, signal }: ReplayOptions = {},
): Promise<void> {
  const { network, efficientWindows: most = RUN_WINDOWS } = executable;
  const size = windowSize(network);
  const startedMs = performance.now();
  for (let first = 0; first < golden.count; first += most) {
    signal?.throwIfAborted();
    const count = Math.min(most, golden.count - first);
    const outputs = await executable.run(
      golden.windows.subarray(first * size, (first + count) * size),
      count,
    );
    const recorded = named(network, golden.outputs);
    for (const [at, [what, values]] of named(network, outputs).entries()) {
      const each = values.length / count;
      checkReplayed(
        what,
        values,
        recorded[at]![1].subarray(first * each, (first + count) * each),
        first * each,
      );
    }
    if (performance.now() - startedMs > withinMs && first + count < golden.count) {
      throw new InputError(
        `golden.json does not replay within ${withinMs / 1000} s: ${first + count} of its ${golden.count} windows were run. Publish fewer, or a smaller network.`,
      );
    }
  }
}

function checkReplayed(what: string, values: Float32Array, expected: Float32Array, from: number): void {
  for (let i = 0; i < expected.length; i++) {
    const allowed = GOLDEN_TOLERANCE * Math.max(1, Math.abs(expected[i]!));
    // The comparison is written so that it fails for NaN.
    if (!(Math.abs(values[i]! - expected[i]!) <= allowed)) {
      throw new InputError(
        `golden.json does not replay: the ${what} is ${values[i]} at position ${from + i}, not ${expected[i]}.`,
      );
    }
  }
}

/** Every output with its name: the heads in order, then the embedding. */
function named(network: Network, outputs: Outputs): [what: string, values: Float32Array][] {
  return [
    ...network.heads.map((head, at): [string, Float32Array] => [head.name, outputs.heads[at]!]),
    ["embedding", outputs.embedding],
  ];
}

/** The text of golden.json. Each number is the shortest that reads back as the same float32. */
export function encodeGolden(network: Network, golden: Golden): string {
  const numbers = (values: Float32Array): string => `[${Array.from(values, formatFloat32).join(",")}]`;
  const outputs = named(network, golden.outputs).map(
    ([what, values]) => `  ${JSON.stringify(what)}: ${numbers(values)}`,
  );
  return `{\n  "count": ${golden.count},\n  "windows": ${numbers(golden.windows)},\n${outputs.join(",\n")}\n}\n`;
}

/** @throws InputError where a value is not a float32. */
function asFloat32(values: readonly unknown[], what: string): Float32Array {
  return Float32Array.from(values, (value) => {
    if (typeof value !== "number" || !Number.isFinite(Math.fround(value))) {
      throw new InputError(`${what} of golden.json holds ${text(value)}, which is not a float32.`);
    }
    return value;
  });
}

/** Reads golden.json. @throws InputError, naming the part, where it does not fit the network. */
export function decodeGolden(json: unknown, network: Network): Golden {
  const file = object(json, "golden.json");
  const count = file["count"];
  if (!Number.isInteger(count) || (count as number) < 1 || (count as number) > 1_000) {
    throw new InputError(`count of golden.json has to be from 1 to 1000, not ${text(count)}.`);
  }
  const windows = count as number;
  const numbers = (what: string, length: number): Float32Array => {
    const values = array(file[what], `${what} of golden.json`);
    if (values.length !== windows * length) {
      throw new InputError(`${what} of golden.json has ${values.length} values, not ${windows} x ${length}.`);
    }
    return asFloat32(values, what);
  };
  return {
    count: windows,
    windows: numbers("windows", windowSize(network)),
    outputs: {
      heads: network.heads.map((head) => numbers(head.name, head.steps * network.features)),
      embedding: numbers("embedding", embeddingUnits(network)),
    },
  };
}
