/** What the Open Inference Protocol tells of the server and its models, over REST and gRPC alike. */
import type { VersionState } from "../../registry/version-entry.js";
import type { LiveModels } from "../live-models.js";
import { answersOf } from "../model-answers.js";
import { INPUT_NAME } from "./infer-schema.js";

const REPOSITORY_STATES: Readonly<Record<VersionState, string>> = {
  live: "READY",
  loading: "LOADING",
  draining: "UNLOADING",
  stored: "UNAVAILABLE",
  refused: "UNAVAILABLE",
};

/** @param version of the program */
export function describeServer(version: string) {
  return { name: "residua", version, extensions: ["binary_tensor_data", "model_repository"] };
}

/**
 * Inputs and outputs of a version.
 *
 * @param version undefined for the one that answers by default.
 * @throws ResiduaError MODEL_NOT_FOUND, VERSION_NOT_FOUND, MODEL_NOT_READY.
 */
export function modelMetadata(models: LiveModels, name: string, version?: string) {
  const lease = models.acquire(name, { version });
  try {
    const { model } = lease;
    const { timesteps, features, calendar } = model.scoring;
    const { tensors, readingsDatatype } = answersOf(model);
    const listing = models.list().find((listed) => listed.name === name);
    return {
      name,
      versions: (listing?.versions ?? []).flatMap(({ state, version }) =>
        state === "live" ? [version] : [],
      ),
      platform: `residua_${model.engine}`,
      inputs: [
        {
          name: INPUT_NAME,
          datatype: readingsDatatype,
          shape: [-1, timesteps, features],
          parameters: {
            features: model.manifest.features.map(({ name, unit }) => ({ name, unit })),
            // Such a model takes no windows: it needs times, which this protocol has no place for.
            ...(calendar && { calendar: { ...calendar, parts: [...calendar.parts] } }),
          },
        },
      ],
      outputs: tensors.map(({ name, datatype, shape }) => ({
        name,
        datatype,
        shape: [-1, ...shape],
      })),
    };
  } finally {
    lease.release();
  }
}

/** Every published version with its state. @param isReadyOnly leaves out those that do not answer. */
export function repositoryIndex(models: LiveModels, isReadyOnly: boolean) {
  return models
    .list()
    .flatMap(({ name, versions }) =>
      versions.map(({ version, state, reason }) => ({
        name,
        version,
        state: REPOSITORY_STATES[state],
        reason: reason ?? "",
      })),
    )
    .filter(({ state }) => !isReadyOnly || state === "READY");
}
