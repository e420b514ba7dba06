/** The events of a series: a line each, which leads to its rows. */
import { button, h, table } from "./dom.js";
import { formatNumber, formatShare, formatTime } from "./format.js";
import type { SeriesRows, SeriesScores } from "./series-data.js";
import type { ServiceEvent } from "./service-types.js";

/** More lines than this help nobody; the threshold has to be higher. */
const MOST_LINES = 200;
const MOST_FEATURES = 3;

export function eventTable(
  series: SeriesRows,
  scores: SeriesScores,
  events: readonly ServiceEvent[],
  show: (event: ServiceEvent) => void,
): HTMLElement {
  if (events.length === 0) {
    return h("p", { class: "empty small" }, "No event at this threshold.");
  }
  const when = (row: number) =>
    series.timesMs === undefined ? `row ${row}` : formatTime(series.timesMs[row]!);
  const lines = events.slice(0, MOST_LINES).map((event) =>
    h(
      "tr",
      { click: () => show(event) },
      h(
        "td",
        {},
        button(String(event.id), () => show(event), {
          class: "link",
          "aria-label": `Show event ${event.id}`,
        }),
      ),
      h("td", {}, featureBars(event)),
      h("td", {}, when(event.start)),
      h("td", {}, event.open ? "goes on" : when(event.end)),
      h("td", {}, when(event.peak)),
      h("td", { class: "number" }, formatNumber(event.score)),
      h("td", { class: "number" }, formatPValue(scores.pValue[event.peak]!)),
    ),
  );
  const region = table(
    "Table of events",
    {
      texts: ["#", "Features, by share of the error", "Start", "End", "Peak"],
      numbers: ["Score", "p-value"],
    },
    lines,
    { class: "events" },
  );
  const more = events.length - lines.length;
  if (more > 0) region.append(h("p", { class: "quiet" }, `and ${more} more`));
  return region;
}

function formatPValue(value: number): string {
  if (Number.isNaN(value)) return "–";
  return value < 0.001 ? value.toExponential(1) : value.toPrecision(2);
}

function featureBars({ features }: ServiceEvent): HTMLElement {
  return h(
    "ul",
    { class: "shares" },
    ...features.slice(0, MOST_FEATURES).map(({ name, share }) => {
      const bar = h("i", {});
      bar.style.width = `${Math.max(2, share * 64)}px`;
      return h("li", {}, bar, h("span", {}, name), h("span", { class: "quiet" }, formatShare(share)));
    }),
  );
}
