/** The ways to zoom and pan beside dragging: buttons, keys, and the wheel. */
import { announce } from "./announce.js";
import { button, h } from "./dom.js";
import type { Band, RowRange } from "./plot-frame.js";

/** What can be moved. */
export interface MovableView {
  readonly range: RowRange;
  readonly axis: { readonly rows: number };
  /** The row under the pointer. */
  readonly hovered: number | undefined;
  readonly events: readonly Band[];
  zoom(range: RowRange): void;
  zoomToEvent(event: Band): void;
  describeRange(): string;
}

const ZOOM_STEP = 0.6;
const PAN_STEP = 0.25;

export function viewButtons(view: MovableView): HTMLElement {
  const act = (text: string, label: string, click: () => void) =>
    button(text, click, { class: "icon", "aria-label": label, title: label });
  return h(
    "span",
    { class: "row tight" },
    act("‹", "Earlier", () => pan(view, -PAN_STEP)),
    act("›", "Later", () => pan(view, PAN_STEP)),
    act("+", "Zoom in", () => zoomBy(view, ZOOM_STEP)),
    act("−", "Zoom out", () => zoomBy(view, 1 / ZOOM_STEP)),
    button("All rows", () => showAll(view), { class: "small" }),
  );
}

/** @param element that the charts are in, which takes the focus. */
export function listenForMoves(view: MovableView, element: HTMLElement): void {
  element.addEventListener("keydown", (event) => press(view, element, event));
  element.addEventListener("dblclick", (event) => {
    if (event.target instanceof Element && event.target.closest(".plot") !== null) showAll(view);
  });
  element.addEventListener("wheel", (event) => roll(view, event), { passive: false });
}

function showAll(view: MovableView): void {
  view.zoom({ from: 0, to: view.axis.rows });
}

function pan(view: MovableView, share: number): void {
  const { from, to } = view.range;
  const by = (to - from) * share;
  view.zoom({ from: from + by, to: to + by });
}

/** @param at the row that stays where it is; the middle where it is left out. */
function zoomBy(view: MovableView, factor: number, at?: number): void {
  const { from, to } = view.range;
  const fixed = at ?? (from + to) / 2;
  view.zoom({ from: fixed - (fixed - from) * factor, to: fixed + (to - fixed) * factor });
}

function roll(view: MovableView, event: WheelEvent): void {
  // A plain wheel scrolls the page. Pinching on a touch pad comes with the control key.
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    zoomBy(view, event.deltaY < 0 ? 0.8 : 1.25, view.hovered);
  } else if (event.shiftKey) {
    event.preventDefault();
    pan(view, Math.sign(event.deltaY || event.deltaX) * 0.1);
  }
}

function press(view: MovableView, element: HTMLElement, event: KeyboardEvent): void {
  if (event.target !== element || event.ctrlKey || event.metaKey || event.altKey) return;
  const actions: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => pan(view, -PAN_STEP),
    ArrowRight: () => pan(view, PAN_STEP),
    "+": () => zoomBy(view, ZOOM_STEP),
    "=": () => zoomBy(view, ZOOM_STEP),
    "-": () => zoomBy(view, 1 / ZOOM_STEP),
    "0": () => showAll(view),
    n: () => goToEvent(view, 1),
    p: () => goToEvent(view, -1),
  };
  const action = actions[event.key];
  if (action === undefined) return;
  event.preventDefault();
  action();
  announce(view.describeRange());
}

/** The next event after, or before, the middle of what is shown. */
function goToEvent(view: MovableView, direction: 1 | -1): void {
  const middle = (view.range.from + view.range.to) / 2;
  const placeOf = ({ start, end }: Band) => (start + end) / 2 - middle;
  const found =
    direction === 1
      ? view.events.find((event) => placeOf(event) > 1)
      : view.events.findLast((event) => placeOf(event) < -1);
  if (found !== undefined) view.zoomToEvent(found);
}
