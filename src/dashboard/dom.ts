/** Elements made in one expression, and the few forms that every page has. */

export type Child = Node | string | undefined | false;
type Attributes = Readonly<Record<string, string | boolean | number | undefined | ((event: Event) => void)>>;

/**
 * An element. Attributes that are functions listen to the event of that name (`click`); true sets an attribute without a
 * value, false and undefined none.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** An element of SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  setAttributes(element, attributes);
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
}

/** A select with its label. */
export function labelledSelect(
  label: string,
  options: readonly { readonly value: string; readonly text: string }[],
  chosen: string,
  change: (value: string) => void,
): HTMLLabelElement {
  const select = h(
    "select",
    { change: (event) => change((event.target as HTMLSelectElement).value) },
    ...options.map(({ value, text }) => h("option", { value, selected: value === chosen }, text)),
  );
  return h("label", { class: "field" }, h("span", {}, label), select);
}

export function button(text: string, click: () => void, attributes: Attributes = {}): HTMLButtonElement {
  return h("button", { type: "button", ...attributes, click: () => click() }, text);
}

/** Says that something is on its way. */
export function loading(text: string): HTMLParagraphElement {
  return h("p", { class: "loading", "aria-busy": "true" }, text);
}

/**
 * A table that scrolls by itself where the page is narrower.
 *
 * @param label what a screen reader calls it.
 * @param heads titles of columns: those of text, then those of numbers.
 * @param rows `tr` elements.
 */
export function table(
  label: string,
  heads: { readonly texts: readonly string[]; readonly numbers: readonly string[] },
  rows: readonly HTMLElement[],
  attributes: Attributes = {},
): HTMLDivElement {
  const titles = [
    ...heads.texts.map((title) => h("th", { scope: "col" }, title)),
    ...heads.numbers.map((title) => h("th", { scope: "col", class: "number" }, title)),
  ];
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h("table", attributes, h("thead", {}, h("tr", {}, ...titles)), h("tbody", {}, ...rows)),
  );
}

/** A list of terms with their values; those that are undefined are left out. */
export function facts(
  ...entries: readonly (readonly [term: string, value: Child] | undefined)[]
): HTMLDListElement {
  return h(
    "dl",
    { class: "facts" },
    ...entries.flatMap((entry) =>
      entry === undefined || entry[1] === undefined
        ? []
        : [h("div", {}, h("dt", {}, entry[0]), h("dd", {}, entry[1]))],
    ),
  );
}

/** The state of a version. */
export function stateTag(state: string): HTMLElement {
  return h("span", { class: `tag state ${state}` }, state);
}
