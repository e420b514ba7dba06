/** The models: their versions, and all that is known of one of them. */
import { listModels } from "./api.js";
import { h, stateTag } from "./dom.js";
import { formatLink, type View } from "./link.js";
import { modelDetail } from "./model-detail.js";
import { aliasesOf } from "./model-versions.js";
import { showWhenThere, storeProblem } from "./problem-box.js";
import type { ModelListing, VersionListing } from "./service-types.js";

export async function modelsPage(view: View): Promise<HTMLElement> {
  const { models, problem } = await listModels();
  const root = h("div", { class: "page" }, h("h1", {}, "Models"), storeProblem(problem));
  if (models.length === 0) {
    // What is in a store that cannot be read is not known.
    if (problem !== null) return root;
    root.append(
      h(
        "section",
        { class: "empty" },
        h("h2", {}, "There are no models yet"),
        h("p", {}, "Train a model on rows of normal operation:"),
        h("pre", {}, h("code", {}, "npm run -s residua -- train examples/machine.csv --name machine")),
      ),
    );
    return root;
  }
  const model = models.find(({ name }) => name === view.model) ?? models[0]!;
  const version = model.versions.find((one) => one.version === view.version) ?? model.versions[0]!;
  const detail = h("div", { class: "detail" });
  root.append(
    h(
      "div",
      // On a narrow screen, a version that was chosen stands above the list.
      { class: `columns ${view.model === undefined ? "" : "chosen"}` },
      h(
        "nav",
        { class: "models", "aria-label": "Models and versions" },
        ...models.map((one) => entry(one, model, version)),
      ),
      detail,
    ),
  );
  void showWhenThere(detail, `Loading ${model.name} ${version.version}`, () => modelDetail(model, version));
  return root;
}

function entry(model: ModelListing, chosen: ModelListing, chosenVersion: VersionListing): HTMLElement {
  const versions = model.versions.map((version) => {
    const isChosen = model === chosen && version === chosenVersion;
    return h(
      "li",
      {},
      h(
        "a",
        {
          href: formatLink({ page: "models", model: model.name, version: version.version }),
          "aria-current": isChosen ? "true" : undefined,
        },
        h("span", {}, `Version ${version.version}`),
        ...aliasesOf(model, version.version).map((alias) => h("span", { class: "tag" }, alias)),
        stateTag(version.state),
      ),
    );
  });
  return h(
    "section",
    { class: "card" },
    h("h2", {}, model.name),
    h("ul", { class: "versions" }, ...versions),
  );
}
