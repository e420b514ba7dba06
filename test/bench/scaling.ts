/**
 * How the cost of a window grows on the `wasm` engine, compute alone, through its public interface: one axis at a time
 * from a base shape, whose network is that of the usual comparison.
 *
 * `npm run -s bench -- scaling [--json] [--threads N] [--rounds N] [--seconds S]`
 * `--threads` is the largest number of threads. An axis's exponent is the slope of a line through its points, both
 * scales logarithmic: 1 is in proportion, -1 in inverse proportion. Where the exponent of the time is smaller than that
 * of the multiply-adds, larger shapes are computed more efficiently. GFLOP/s count two operations for each multiply-add that a window needs.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { measureAutoencoder } from "./compute/autoencoder-rate.js";
import { fitLine } from "./compute/line.js";
import { multiplyAdds, type Shape } from "./compute/networks.js";

const BASE = { timesteps: 50, features: 8, units: 64, batch: 128, threads: 1 };
type Axis = keyof typeof BASE;
type Point = Readonly<Record<Axis, number>>;

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    threads: { type: "string" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "0.5" },
  },
});
const [rounds, seconds] = [Number(options.rounds), Number(options.seconds)];
const most = Number(options.threads ?? availableParallelism());

/** Each has the value of the base, so that the base is measured at about the time of the values it is compared with. */
const AXES: Readonly<Record<Axis, readonly number[]>> = {
  timesteps: [10, 25, 50, 100, 200, 400],
  features: [1, 2, 4, 8, 16, 32, 64],
  units: [8, 16, 32, 64, 128, 256],
  batch: [1, 2, 8, 32, 128, 512],
  threads: [...[1, 2, 4, 8, 16, 32, 64, 128].filter((threads) => threads < most), most],
};

interface Measured {
  readonly value: number;
  readonly shape: Shape;
  readonly batch: number;
  readonly threads: number;
  readonly usPerWindow: number;
  /** How far the fastest round lies under the slowest in time, as a share of it. */
  readonly spread: number;
  readonly gflops: number;
}

async function measure(axis: Axis, value: number): Promise<Measured> {
  const { timesteps, features, units, batch, threads }: Point = { ...BASE, [axis]: value };
  const shape = [timesteps, features, units] as const;
  const engine = await createWasmEngine({ threads });
  const task = { shape, activation: "relu", batches: [batch], rounds, seconds } as const;
  const { windowsPerSecond, spread } = (await measureAutoencoder(engine, task)).get(batch)!;
  await engine.close();
  return {
    value,
    shape,
    batch,
    threads,
    usPerWindow: significant(1e6 / windowsPerSecond),
    spread,
    gflops: significant((2 * multiplyAdds(shape) * windowsPerSecond) / 1e9),
  };
}

function significant(value: number): number {
  return Number(value.toPrecision(4));
}

/** Null of a single point. */
function exponent(points: readonly Measured[], y: (point: Measured) => number): number | null {
  if (points.length < 2) return null;
  const logarithms = points.map((point) => Math.log(y(point)));
  const { slope } = fitLine(
    points.map(({ value }) => Math.log(value)),
    logarithms,
  );
  return Math.round(slope * 100) / 100;
}

for (const axis of Object.keys(AXES) as Axis[]) {
  if (!options.json) {
    const fixed = Object.entries(BASE).filter(([name]) => name !== axis);
    console.log(`${axis}, at ${fixed.map(([name, value]) => `${name} ${value}`).join(", ")}`);
  }
  const points: Measured[] = [];
  for (const value of AXES[axis]) points.push(await measure(axis, value));
  const base = points.find(({ value }) => value === BASE[axis])!;
  const timeExponent = exponent(points, ({ usPerWindow }) => usPerWindow);
  const arithmeticExponent = exponent(points, ({ shape }) => multiplyAdds(shape));
  for (const { value, ...point } of points) {
    const toBase = significant(point.usPerWindow / base.usPerWindow);
    const { usPerWindow, spread, gflops } = point;
    console.log(
      options.json
        ? JSON.stringify({ axis, value, ...point, toBase, timeExponent, arithmeticExponent })
        : `${`${value}`.padStart(6)}: ${usPerWindow} us a window (-${Math.round(100 * spread)} %), ` +
            `${toBase} of the base, ${gflops} GFLOP/s`,
    );
  }
  if (!options.json && timeExponent !== null) {
    console.log(`  time goes with ${axis}^${timeExponent}, multiply-adds with ${axis}^${arithmeticExponent}`);
  }
}
