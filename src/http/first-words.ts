/** What a service says on a terminal once it is ready: three lines for the person who started it. */
import type { ModelListing } from "../registry/model-entry.js";

export interface Started {
  readonly url: string;
  /** The folder of models. */
  readonly folder: string;
  readonly models: readonly ModelListing[];
  /** Whether a line of log is written for each request. */
  readonly logsRequests: boolean;
}

/** Where it serves, which models, and where to look. */
export function firstWords({
  url,
  folder,
  models,
  logsRequests,
}: Started): readonly [string, string, string] {
  const logs = logsRequests
    ? "pipe the log into pino-pretty to read it"
    : "warnings appear here, every request with LOG_LEVEL=info";
  return [
    `Residua serves on ${url}`,
    `Models: ${describeModels(models, folder)}`,
    `Look: ${url}/ in a browser, ${url}/docs for the interface; ${logs}`,
  ];
}

function describeModels(models: readonly ModelListing[], folder: string): string {
  const named = (state: string) =>
    models.flatMap(({ name, versions }) => {
      const own = versions.filter((version) => version.state === state).map(({ version }) => version);
      return own.length === 0 ? [] : [`${name} ${own.join(" and ")}`];
    });
  const live = named("live");
  const refused = named("refused");
  const first = live.length === 0 ? `none is live in ${folder}; residua train makes one` : live.join(", ");
  return refused.length === 0 ? first : `${first}; refused, as the log says why: ${refused.join(", ")}`;
}
