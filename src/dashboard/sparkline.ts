/** A small line without axes: how a figure went lately. */
import { svg } from "./dom.js";

const WIDTH = 100;
const HEIGHT = 30;

/** @param values in order of time; undefined where there was none. The line begins at the bottom for zero. */
export function sparkline(values: readonly (number | undefined)[], label: string): SVGSVGElement {
  const known = values.map((value) => value ?? 0);
  const most = Math.max(...known, Number.MIN_VALUE);
  const points = known.map((value, i) => {
    const x = known.length < 2 ? WIDTH : (i / (known.length - 1)) * WIDTH;
    return `${x.toFixed(2)},${(HEIGHT - 1 - (value / most) * (HEIGHT - 3)).toFixed(2)}`;
  });
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("polygon", { class: "spark-area", points: `0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}` }),
    svg("polyline", { class: "spark", points: points.join(" ") }),
  );
}
