/** Where rows come from: a file that is dropped or chosen, text that is pasted, or the model's own sample. */
import { button, h } from "./dom.js";

export interface Source {
  /** `sample`, or the file's name. */
  readonly name: string;
  /** Undefined for the sample. */
  readonly content: Blob | undefined;
}

export const SAMPLE: Source = { name: "sample", content: undefined };
const PASTED = "pasted.csv";

export interface SourceOptions {
  readonly choose: (source: Source) => void;
  /** The file that a link speaks of, which only the person has. */
  readonly wanted: string | undefined;
  readonly features: readonly string[];
  readonly timesteps: number;
}

/** The invitation to bring rows, where there are none yet. */
export function sourceChooser({ choose, wanted, features, timesteps }: SourceOptions): HTMLElement {
  const text = h("textarea", {
    rows: "6",
    "aria-label": "Rows as CSV, with a header",
    placeholder: `time,${features.slice(0, 3).join(",")}${features.length > 3 ? ",…" : ""}`,
    spellcheck: "false",
  });
  const paste = h(
    "details",
    { class: "paste" },
    h("summary", {}, "Paste rows"),
    text,
    h(
      "div",
      { class: "row end" },
      button("Score these rows", () => {
        if (text.value.trim() === "") text.focus();
        else choose({ name: PASTED, content: new Blob([text.value]) });
      }),
    ),
  );
  return h(
    "section",
    { class: "drop", "aria-label": "Bring a series" },
    h("div", { class: "drop-mark", "aria-hidden": "true" }),
    h("h2", {}, wanted === undefined ? "Drop a file with your series here" : `Drop ${wanted} here`),
    h(
      "p",
      { class: "quiet" },
      wanted === undefined
        ? `CSV, JSON lines or Parquet, a row a timestep, at least ${timesteps} rows, with ${describeFeatures(features)}. It goes to this service and nowhere else.`
        : "The link that you opened shows rows of this file. Files stay with their owners, so it has to come from you.",
    ),
    h(
      "div",
      { class: "row center" },
      fileButton("Choose a file", "primary", choose),
      button("Use the model's sample", () => choose(SAMPLE)),
    ),
    paste,
  );
}

function describeFeatures(features: readonly string[]): string {
  const [first = ""] = features;
  if (features.length === 1) return `the column ${first}`;
  if (features.length <= 4) return `the columns ${features.slice(0, -1).join(", ")} and ${features.at(-1)}`;
  return `the model's ${features.length} columns (${features.slice(0, 3).join(", ")}, …)`;
}

/** A button that opens the system's choice of files. */
export function fileButton(label: string, style: string, choose: (source: Source) => void): HTMLElement {
  const input = h("input", {
    type: "file",
    class: "hidden",
    tabindex: "-1",
    "aria-hidden": "true",
    change: () => {
      const file = input.files?.[0];
      if (file !== undefined) choose({ name: file.name, content: file });
      input.value = "";
    },
  });
  return h(
    "span",
    {},
    button(label, () => input.click(), { class: style }),
    input,
  );
}

/** Takes files that are dropped anywhere on the page, until `signal` is aborted. */
export function takeDroppedFiles(choose: (source: Source) => void, signal: AbortSignal): void {
  const root = document.documentElement;
  let depth = 0;
  const mark = (by: number): void => {
    depth = Math.max(0, depth + by);
    root.classList.toggle("dropping", depth > 0);
  };
  addEventListener("dragenter", () => mark(1), { signal });
  addEventListener("dragleave", () => mark(-1), { signal });
  addEventListener("dragover", (event) => event.preventDefault(), { signal });
  addEventListener(
    "drop",
    (event) => {
      event.preventDefault();
      mark(-depth);
      const file = event.dataTransfer?.files[0];
      if (file !== undefined) choose({ name: file.name, content: file });
    },
    { signal },
  );
}
