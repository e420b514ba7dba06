/**
 * Whether a change made the program slower: two checkouts measured side by side.
 *
 * `npm run -s bench -- compare OLD NEW engine|training|http [--json] [--seed N] [--threads N]`
 * OLD and NEW are folders with a built checkout, or git revisions, which are then built in a folder of their own; both
 * run on the Node that runs this, in slices that alternate between them. At least 15 pairs are measured, in half of them
 * OLD first, in an order by seed. A pair's ratio is the geometric mean, over the cases, of NEW's speed over OLD's; that
 * of all pairs is their median, with its 95 % bootstrap interval. While the interval is wider than 0.06, five more pairs
 * are measured, up to 60.
 * `engine` and `training` run on one thread by default. `http` needs wrk.
 *
 * Exit status: 0 where the interval is narrow and not wholly below 0.97; 1 where it is wholly below, so NEW is slower;
 * 3 where it is still too wide after 60 pairs; 2 for wrong arguments.
 */
import { parseArgs } from "node:util";
import { builtCheckout } from "./compare/checkouts.js";
import { MEASURES, type Measure } from "./compare/measures.js";
import {
  type Judgement,
  judge,
  MAX_PAIRS,
  MIN_PAIRS,
  MORE_PAIRS,
  median,
  oldFirst,
  type Rates,
  ratioOf,
  type Verdict,
} from "./compare/ratios.js";

const EXIT_STATUS: Readonly<Record<Verdict, number>> = { unchanged: 0, slower: 1, undecided: 3, open: 3 };

interface Pair {
  readonly isOldFirst: boolean;
  readonly before: Rates;
  readonly after: Rates;
  readonly ratio: number;
}

const { values: options, positionals } = parseArgs({
  args: process.argv.slice(3),
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    threads: { type: "string", default: "1" },
  },
});
const [before, after, what = ""] = positionals;
const createMeasure = Object.hasOwn(MEASURES, what) ? MEASURES[what] : undefined;
if (before === undefined || after === undefined || createMeasure === undefined || positionals.length > 3) {
  console.error(`Usage: npm run -s bench -- compare OLD NEW ${Object.keys(MEASURES).join("|")} [options]`);
  process.exit(2);
}
const seed = Number(options.seed);
const measure = createMeasure({ threads: options.threads });
const sides = { before: builtCheckout(before), after: builtCheckout(after) };
if (!options.json) console.log(`${what}: ${before} and ${after}, on Node ${process.versions.node}`);
const pairs: Pair[] = [];
let judgement: Judgement;
const order = oldFirst(MAX_PAIRS, seed);
do {
  const until = Math.max(MIN_PAIRS, pairs.length + MORE_PAIRS);
  while (pairs.length < until) {
    pairs.push(await measurePair(measure, order[pairs.length]!));
    if (!options.json) printPair(pairs.length, pairs.at(-1)!);
  }
  judgement = judge(
    pairs.map(({ ratio }) => ratio),
    seed,
  );
} while (judgement.verdict === "open");
if (options.json) printJson();
else printResult();
process.exitCode = EXIT_STATUS[judgement.verdict];

async function measurePair(of: Measure, isOldFirst: boolean): Promise<Pair> {
  const [first, second] = await (isOldFirst ? of(sides.before, sides.after) : of(sides.after, sides.before));
  const [was, is] = isOldFirst ? [first, second] : [second, first];
  return { isOldFirst, before: was, after: is, ratio: ratioOf(was, is) };
}

function printPair(number: number, { isOldFirst, ratio }: Pair): void {
  console.log(`pair ${number}, ${isOldFirst ? "old" : "new"} first: ${ratio.toFixed(4)}`);
}

function printResult(): void {
  for (const name of pairs[0]!.before.keys()) {
    const of = (side: "before" | "after"): number => median(pairs.map((pair) => pair[side].get(name)!));
    const ratio = median(pairs.map((pair) => pair.after.get(name)! / pair.before.get(name)!));
    console.log(
      `  ${name}: ${Math.round(of("before"))} -> ${Math.round(of("after"))} /s, ${ratio.toFixed(3)}`,
    );
  }
  const { median: middle, low, high, verdict } = judgement;
  console.log(
    `median ratio ${middle.toFixed(4)}, 95 % interval ${low.toFixed(4)} to ${high.toFixed(4)}, ${pairs.length} pairs: ${verdict}`,
  );
}

function printJson(): void {
  const plain = pairs.map((pair) => ({
    ...pair,
    before: Object.fromEntries(pair.before),
    after: Object.fromEntries(pair.after),
  }));
  console.log(JSON.stringify({ what, node: process.versions.node, seed, ...judgement, pairs: plain }));
}
