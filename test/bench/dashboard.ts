/**
 * The page of a series in Chromium: from data that are there to the first picture, and a zoom, until the browser has
 * painted it.
 *
 * `npm run -s bench -- dashboard [--json] [--rows N] [--features F] [--rounds N]`
 * The rows are made in the browser, as the page has them after an answer: readings, reconstruction and error of every
 * feature, scores, and events. The page's own code draws them: overview, score, four features, and then the heat map of all.
 */
import { parseArgs } from "node:util";
import { findChromium, launchBrowser } from "../browser.js";
import { startServer } from "../server-process.js";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    rows: { type: "string", default: "1000000" },
    features: { type: "string", default: "16" },
    rounds: { type: "string", default: "9" },
  },
});

/** Until the lines are painted, and until the heat map is, which follows them. */
interface Times {
  readonly firstMs: number;
  readonly wholeMs: number;
  readonly zoomMs: readonly number[];
  readonly wholeZoomMs: readonly number[];
}

if (findChromium() === undefined) {
  console.error(
    "No Chromium is installed here (apt-get install chromium); CHROMIUM names one that is elsewhere.",
  );
  process.exit(1);
}
const server = await startServer();
const browser = await launchBrowser();
const first: number[] = [];
const whole: number[] = [];
const zoom: number[] = [];
const wholeZoom: number[] = [];
try {
  for (let round = 0; round < Number(options.rounds); round++) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(`${server.url}/page/dashboard/icon.svg`);
    await page.goto(`${server.url}/#/operations`);
    const times = await page.evaluate(measure, [Number(options.rows), Number(options.features)]);
    first.push(times.firstMs);
    whole.push(times.wholeMs);
    zoom.push(...times.zoomMs);
    wholeZoom.push(...times.wholeZoomMs);
    await page.close();
  }
} finally {
  await browser.close();
  await server.end();
}
const result = {
  rows: Number(options.rows),
  features: Number(options.features),
  firstPictureMs: median(first),
  worstFirstPictureMs: Math.round(Math.max(...first)),
  zoomMs: median(zoom),
  worstZoomMs: Math.round(Math.max(...zoom)),
  wholePictureMs: median(whole),
  wholeZoomMs: median(wholeZoom),
};
console.log(
  options.json
    ? JSON.stringify(result)
    : `${result.rows} rows, ${result.features} features: first picture after ${result.firstPictureMs} ms (worst ${result.worstFirstPictureMs}), zoom ${result.zoomMs} ms (worst ${result.worstZoomMs}); with the heat map ${result.wholePictureMs} ms, ${result.wholeZoomMs} ms`,
);

function median(values: readonly number[]): number {
  return Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!);
}

/** Runs in the browser. */
async function measure([rows = 0, features = 0]: number[]): Promise<Times> {
  // Names are put together, so that no compiler takes them for modules of this program.
  const load = (name: string) => import(`/page/dashboard/${name}.js`);
  const [{ SeriesView }, { loadUplot }] = await Promise.all([load("series-view"), load("uplot")]);
  const uPlot = await loadUplot();
  const { document, requestAnimationFrame, AbortController } = globalThis as unknown as {
    document: { getElementById(id: string): { replaceChildren(...children: unknown[]): void } };
    requestAnimationFrame: (callback: () => void) => void;
    AbortController: new () => { readonly signal: unknown; abort(): void };
  };
  const series = Array.from({ length: features }, (_, feature) => {
    const readings = new Float64Array(rows);
    const reconstruction = new Float64Array(rows);
    const error = new Float32Array(rows);
    for (let row = 0; row < rows; row++) {
      const noise = Math.sin(row * 12.9898 + feature) * 0.3;
      reconstruction[row] = Math.sin(row / (300 + 40 * feature));
      readings[row] = reconstruction[row]! + noise;
      error[row] = noise * noise;
    }
    return { name: `feature ${feature}`, readings, reconstruction, error };
  });
  const timesMs = Float64Array.from({ length: rows }, (_, row) => Date.UTC(2026, 0, 1) + row * 1000);
  const score = Float64Array.from({ length: rows }, (_, row) => 0.1 + Math.abs(Math.sin(row / 5000)) ** 40);
  const events = Array.from({ length: 60 }, (_, i) => ({
    id: i + 1,
    start: Math.floor(((i + 0.5) * rows) / 60),
    end: Math.floor(((i + 0.5) * rows) / 60) + 200,
    peak: Math.floor(((i + 0.5) * rows) / 60) + 50,
    score: 1,
    open: false,
    features: [],
  }));
  const names = series.map(({ name }) => name);
  const work = new AbortController();
  /** Resolves when the next frame has been painted. */
  const painted = () =>
    new Promise<void>((resolve) => {
      requestAnimationFrame(() => setTimeout(resolve, 0));
    });
  await painted();

  const begin = performance.now();
  const view = new SeriesView(uPlot, {
    series: {
      name: "bench",
      features: names,
      rows,
      timesMs,
      maxGapMs: undefined,
      readings: series.map(({ readings }) => readings),
      notes: [],
    },
    units: names.map(() => null),
    shown: [
      {
        label: "bench 1",
        scores: {
          score,
          threshold: null,
          featureError: series.map(({ error }) => error),
          reconstruction: series.map(({ reconstruction }) => reconstruction),
        },
        judgement: { threshold: 0.6, events, anomalousRows: 0, judgedRows: rows },
      },
    ],
    features: names.slice(0, 4),
    range: { from: 0, to: rows },
    moved: () => undefined,
    signal: work.signal,
  });
  document.getElementById("content").replaceChildren(view.element);
  await painted();
  const firstMs = performance.now() - begin;
  await painted();
  const wholeMs = performance.now() - begin;

  const zoomMs: number[] = [];
  const wholeZoomMs: number[] = [];
  for (const share of [0.5, 0.2, 0.05, 0.4, 0.9]) {
    const from = Math.floor(rows * 0.05);
    const start = performance.now();
    view.zoom({ from, to: from + Math.floor(rows * share) });
    await painted();
    zoomMs.push(performance.now() - start);
    await painted();
    wholeZoomMs.push(performance.now() - start);
  }
  work.abort();
  return { firstMs, wholeMs, zoomMs, wholeZoomMs };
}
