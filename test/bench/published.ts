/**
 * SKAB's LSTM autoencoder by its authors' protocol (`quality/published.ts`), whose leaderboard has F1 0.74.
 *
 * `npm run -s bench -- published --data DIR [--seeds 3] [--files 34]`
 *
 * DIR holds `skab/`, as for `bench -- quality`. With --files, only so many files are taken. F1, the share of normal rows
 * that are flagged (FAR) and that of anomalous rows that are not (MAR) are of the rows of all files together.
 */
import { parseArgs } from "node:util";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { addCounts, NO_COUNTS, ratesOf } from "../../src/evaluation/metrics.js";
import { countAsPublished } from "./quality/published.js";
import { readSkabFiles } from "./quality/sets.js";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    data: { type: "string" },
    seeds: { type: "string", default: "3" },
    files: { type: "string", default: "34" },
    threads: { type: "string", default: "1" },
  },
});
if (options.data === undefined) throw new Error("--data names the folder of the data sets.");
const files = [...readSkabFiles(options.data)].slice(0, Number(options.files));
const engine = await createWasmEngine({ threads: Number(options.threads) });
const percent = (share: number | undefined) => `${(100 * (share ?? Number.NaN)).toFixed(1)} %`;
const scores: number[] = [];
for (let seed = 1; seed <= Number(options.seeds); seed++) {
  const begin = performance.now();
  let counts = NO_COUNTS;
  for (const file of files) counts = addCounts(counts, await countAsPublished(engine, file, seed));
  const { f1, falseAlarmRate, recall } = ratesOf(counts);
  scores.push(f1 ?? Number.NaN);
  const seconds = ((performance.now() - begin) / 1000).toFixed(0);
  const rates = `FAR ${percent(falseAlarmRate)}, MAR ${percent(1 - (recall ?? Number.NaN))}`;
  console.log(`seed ${seed}: F1 ${f1?.toFixed(3)}, ${rates} (${files.length} files, ${seconds} s)`);
}
await engine.close();
const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
const squares = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
const spread = scores.length > 1 ? ` ±${Math.sqrt(squares / (scores.length - 1)).toFixed(3)}` : "";
console.log(`F1 ${mean.toFixed(3)}${spread}`);
