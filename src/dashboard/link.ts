/** What the page shows as the part of its address after #, so that a link leads to the same picture. */

export interface View {
  readonly page: "series" | "models" | "operations";
  readonly model?: string | undefined;
  readonly version?: string | undefined;
  /** A second version, on the same rows. */
  readonly other?: string | undefined;
  /** What the rows are from: `sample`, or the name of a file. */
  readonly source?: string | undefined;
  /** Which of the series of a file that holds several. */
  readonly group?: string | undefined;
  /** The rows shown, `to` excluded. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly threshold?: number | undefined;
  /** Features with a chart of their own. */
  readonly features?: readonly string[] | undefined;
}

const PAGES: readonly string[] = ["series", "models", "operations"] satisfies View["page"][];
const TEXTS = ["model", "version", "other", "source", "group"] as const;
const NUMBERS = ["from", "to", "threshold"] as const;

export function formatLink(view: View): string {
  const query = new URLSearchParams();
  for (const name of TEXTS) if (view[name] !== undefined) query.set(name, view[name]);
  for (const name of NUMBERS) if (view[name] !== undefined) query.set(name, String(view[name]));
  for (const name of view.features ?? []) query.append("feature", name);
  const text = query.toString();
  return `#/${view.page}${text === "" ? "" : `?${text}`}`;
}

/** What an address says; what it does not say, or says wrongly, is left out. */
export function parseLink(hash: string): View {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const values = new URLSearchParams(query);
  const page = PAGES.includes(path) ? (path as View["page"]) : "series";
  const features = values.getAll("feature");
  return {
    page,
    ...Object.fromEntries(
      TEXTS.flatMap((name) => {
        const value = values.get(name);
        return value === null || value === "" ? [] : [[name, value]];
      }),
    ),
    ...Object.fromEntries(
      NUMBERS.flatMap((name) => {
        const text = values.get(name) ?? "";
        const value = Number(text);
        if (text.trim() === "" || !Number.isFinite(value)) return [];
        return name === "threshold" || (Number.isInteger(value) && value >= 0) ? [[name, value]] : [];
      }),
    ),
    ...(features.length === 0 ? {} : { features }),
  };
}
