/**
 * How well anomalies are found on public data sets, beside chance, L2 and principal components of windows.
 *
 * `npm run -s bench -- quality --data DIR [--sets SKAB,SMD] [--quick] [--baselines-only] [--seeds 3]
 *    [--results FILE] [--label NAME] [--train="OPTIONS"] [--times] [--only taxi,cpu]`
 *
 * `quality/sets.ts` says what DIR holds. The model is trained with the defaults, or with --train's options; --label is
 * its name in the tables and results. Results are kept in FILE (.cache/quality.jsonl) by series, detector and seed, and
 * what is there is not measured again: remove the file, or take another --label, after a change. --quick takes one seed
 * and a third of the series of each set, --only the series whose names have one of these texts in them. With --times the
 * model's files have the times of the rows, where the set knows them: --train="--calendar hour" needs them.
 */
import { parseArgs } from "node:util";
import { settleTimesteps } from "../../src/training/window-length.js";
import { BASELINES, SeriesBaselines } from "./quality/baselines.js";
import { judge, type QualityFigures } from "./quality/judgement.js";
import { scoreWithModel } from "./quality/model.js";
import { datasetsOf, type QualitySeries, SET_NAMES, type SetName } from "./quality/series.js";
import { readSets } from "./quality/sets.js";
import { type Result, ResultStore } from "./quality/store.js";
import { formatSeries, formatSets, MAIN_FIGURE } from "./quality/tables.js";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    data: { type: "string" },
    sets: { type: "string", default: SET_NAMES.join(",") },
    quick: { type: "boolean", default: false },
    "baselines-only": { type: "boolean", default: false },
    seeds: { type: "string", default: "3" },
    results: { type: "string", default: ".cache/quality.jsonl" },
    label: { type: "string", default: "model" },
    train: { type: "string", default: "" },
    times: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});
if (options.data === undefined) throw new Error("--data names the folder of the data sets.");
const sets = options.sets.split(",").map((name) => {
  const found = SET_NAMES.find((one) => one.toLowerCase() === name.toLowerCase());
  if (found === undefined) throw new Error(`--sets has ${name}; there are ${SET_NAMES.join(", ")}.`);
  return found;
});
const QUICK_STEP = 3;
const seeds = Array.from({ length: options.quick ? 1 : Number(options.seeds) }, (_, i) => i + 1);
const trainOptions = options.train.split(" ").filter((word) => word !== "");
const store = new ResultStore(options.results);
const results: Result[] = [];
const seen = new Map<SetName, number>();

for (const found of readSets(options.data, sets)) {
  if (!options.only.split(",").some((part) => found.name.includes(part))) continue;
  const series = options.times ? found : { ...found, times: undefined };
  const number = seen.get(series.set) ?? 0;
  seen.set(series.set, number + 1);
  if (options.quick && number % QUICK_STEP !== 0) continue;
  const { timesteps, chosen } = settleTimesteps(datasetsOf(series).learnt, {
    architecture: { timesteps: "auto" },
  });
  console.error(`${series.set} ${series.name}: T = ${chosen!.reason}`);
  const baselines = new SeriesBaselines(series, timesteps);
  for (const baseline of BASELINES) {
    for (const seed of baseline === "random" ? seeds : seeds.slice(0, 1)) {
      await measure(series, baseline, seed, timesteps, () => baselines.judge(baseline, seed));
    }
  }
  if (options["baselines-only"]) continue;
  for (const seed of seeds) {
    await measure(series, options.label, seed, timesteps, async () => {
      const { verdicts, causesNamed } = await scoreWithModel(series, seed, trainOptions);
      return judge(series, verdicts, timesteps, causesNamed);
    });
  }
}
console.log(`${formatSets(results)}\n${formatSeries(results)}`);

async function measure(
  series: QualitySeries,
  detector: string,
  seed: number,
  timesteps: number,
  judged: () => Promise<QualityFigures>,
): Promise<void> {
  const key = { set: series.set, series: series.name, detector, seed };
  const known = store.get(key);
  if (known !== undefined) {
    results.push(known);
    return;
  }
  const begin = performance.now();
  const figures = await judged();
  const seconds = (performance.now() - begin) / 1000;
  const result = { ...key, timesteps, seconds, figures };
  store.add(result);
  results.push(result);
  const main = result.figures[MAIN_FIGURE[series.set]];
  console.error(`  ${detector}, seed ${seed}: ${main?.toFixed(3) ?? "no figure"}, ${seconds.toFixed(1)} s`);
}
