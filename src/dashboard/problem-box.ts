/** An error, shown where it happened and in the service's own words. */
import { ServiceError } from "./api.js";
import { button, h, loading } from "./dom.js";

/** @param retry what a person can try again; undefined where that is of no use. */
export function problemBox(error: unknown, retry?: () => void): HTMLElement {
  const { title, places, requestId } =
    error instanceof ServiceError ? error : { title: "The page failed", places: [], requestId: null };
  const detail = error instanceof Error ? error.message : String(error);
  return h(
    "div",
    { class: "problem", role: "alert" },
    h("strong", {}, title),
    h("p", {}, detail),
    places.length > 0 &&
      h(
        "ul",
        {},
        ...places
          .slice(0, 5)
          .map(({ path, message }) => h("li", {}, h("code", {}, path || "/"), ` ${message}`)),
      ),
    requestId !== null && h("p", { class: "quiet small" }, "Request ", h("code", {}, requestId)),
    retry !== undefined && mayPass(error) && button("Try again", retry),
  );
}

/** Why the service cannot read the store of models, in its words; nothing where it can. */
export function storeProblem(problem: string | null): HTMLElement | undefined {
  if (problem === null) return undefined;
  return h(
    "div",
    { class: "problem", role: "alert" },
    h("strong", {}, "The models cannot be looked for now"),
    h("p", {}, problem),
    h("p", {}, "What was live before serves on. New versions and aliases are seen once this has passed."),
  );
}

/** Whether the same request may succeed later: not where the service said what is wrong with it. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  return error.status < 400 || error.status === 429 || error.status >= 500;
}

/** Shows that something is on its way, then the result or the problem, in the same place. */
export async function showWhenThere(
  place: HTMLElement,
  what: string,
  load: () => Promise<Node>,
): Promise<void> {
  place.replaceChildren(loading(what));
  try {
    place.replaceChildren(await load());
  } catch (error) {
    place.replaceChildren(problemBox(error, () => void showWhenThere(place, what, load)));
  }
}
