/** How the scores of now lie beside those of calibration: two bars for each range of scores. */
import { h, svg } from "./dom.js";
import { formatNumber, formatShare } from "./format.js";
import type { Activity, Sample } from "./service-types.js";
import { rateOf } from "./threshold-scale.js";

const WIDTH = 640;
const HEIGHT = 150;
const BOTTOM = 22;

/** The share of windows in each range of scores: now, and in calibration. */
interface ScoreShares {
  /** The upper end of each range; infinite for the last. */
  readonly edges: readonly number[];
  readonly now: readonly number[];
  /** Undefined where there is no calibration. */
  readonly normal: readonly number[] | undefined;
}

/** Without the empty ranges at both ends. */
function scoreShares({ scores, windows }: Activity, sample: Sample | undefined): ScoreShares {
  const edges = [...scores.edges, Number.POSITIVE_INFINITY];
  const now = scores.counts.map((count) => (windows === 0 ? 0 : count / windows));
  const below =
    sample && edges.map((edge) => (edge === Number.POSITIVE_INFINITY ? 1 : 1 - above(sample, edge)));
  const normal = below?.map((share, i) => Math.max(0, share - (below[i - 1] ?? 0)));
  const isUsed = edges.map((_, i) => now[i]! > 0 || (normal?.[i] ?? 0) > 0);
  const first = Math.max(0, isUsed.indexOf(true));
  const end = isUsed.lastIndexOf(true) + 1 || 1;
  return {
    edges: edges.slice(first, end),
    now: now.slice(first, end),
    normal: normal?.slice(first, end),
  };
}

/** The share of the sample above a score; 1 below all of it. */
function above(sample: Sample, score: number): number {
  const [, least] = sample.quantiles[0]!;
  if (score < least) return 1;
  return score >= sample.quantiles.at(-1)![1] ? 0 : rateOf(sample, score);
}

export function scoreDistribution(
  activity: Activity,
  sample: Sample | undefined,
  threshold: number | undefined,
): HTMLElement {
  if (activity.windows === 0 && sample === undefined) {
    return h(
      "p",
      { class: "empty small" },
      "Nothing was scored yet, and the model has no calibration to show.",
    );
  }
  const { edges, now, normal } = scoreShares(activity, sample);
  const most = Math.max(...now, ...(normal ?? []), 1e-9);
  const step = WIDTH / edges.length;
  const bar = (kind: string, share: number, place: number, offset: number) => {
    const height = (share / most) * (HEIGHT - BOTTOM - 6);
    return svg(
      "rect",
      {
        class: kind,
        x: (place + offset) * step,
        y: HEIGHT - BOTTOM - height,
        width: step * 0.38,
        height,
        rx: 1.5,
      },
      svg(
        "title",
        {},
        `${kind === "now" ? "Now" : "Normal"}: ${formatShare(share)} up to ${formatNumber(edges[place]!)}`,
      ),
    );
  };
  const labels = edges.map((edge, place) =>
    svg(
      "text",
      { x: (place + 1) * step, y: HEIGHT - 6, "text-anchor": place === edges.length - 1 ? "end" : "middle" },
      Number.isFinite(edge) ? formatNumber(edge) : "above",
    ),
  );
  const mark = threshold === undefined ? undefined : placeOf(threshold, edges);
  return h(
    "figure",
    { class: "distribution" },
    svg(
      "svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        role: "img",
        "aria-label": "Share of windows by score, now and in calibration",
      },
      ...(normal ?? []).map((share, place) => bar("normal", share, place, 0.1)),
      ...now.map((share, place) => bar("now", share, place, 0.52)),
      svg("line", { class: "base", x1: 0, x2: WIDTH, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }),
      ...labels,
      mark !== undefined &&
        svg(
          "line",
          { class: "mark", x1: mark * step, x2: mark * step, y1: 0, y2: HEIGHT - BOTTOM },
          svg("title", {}, `Threshold of a window: ${formatNumber(threshold!)}`),
        ),
    ),
    h(
      "figcaption",
      {},
      h("span", { class: "key normal" }, h("i", {}), "calibration"),
      h("span", { class: "key now" }, h("i", {}), activity.windows === 0 ? "now: nothing scored yet" : "now"),
      threshold !== undefined &&
        h("span", { class: "key mark" }, h("i", {}), `threshold ${formatNumber(threshold)}`),
    ),
  );
}

/** Where a score lies among ranges that are equally wide in the picture; undefined where it is above all of them. */
export function placeOf(score: number, edges: readonly number[]): number | undefined {
  const range = edges.findIndex((edge) => score <= edge);
  if (range < 0) return undefined;
  const high = edges[range]!;
  const low = edges[range - 1] ?? high / 3;
  if (!Number.isFinite(high) || !(low > 0) || !(score > 0)) return range + 0.5;
  return range + Math.min(1, Math.max(0, Math.log(score / low) / Math.log(high / low)));
}
