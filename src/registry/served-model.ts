/** One version in memory: its bundle, compiled, with all that is derived from it once. */
import type { Engine, EngineName, Executable } from "../engine/engine.js";
import type { NormalBehaviour } from "../scoring/normal-behaviour.js";
import type { ScoringModel } from "../scoring/scoring-model.js";
import type { Calibration } from "../scoring/thresholds.js";
import type { Bundle } from "./bundle.js";
import { type ReplayOptions, replayGolden } from "./golden.js";
import type { Manifest } from "./manifest.js";

/** What a bundle holds, ready to run. */
export interface LoadedModel {
  readonly name: string;
  readonly version: string;
  /** Of manifest.json, in hex. */
  readonly sha256: string;
  readonly engine: EngineName;
  readonly device: string;
  readonly manifest: Manifest;
  readonly scoring: ScoringModel;
  readonly calibration: Calibration | undefined;
  readonly behaviour: NormalBehaviour | undefined;
  readonly executable: Executable;
  /** A request body with real windows, as JSON. */
  readonly sample: Uint8Array;
}

/**
 * A place in every served model for something that a layer above this one derives from it, such as the texts
 * of its answers. A registry is opened with its slots, and fills them when it loads a version.
 */
export class Slot<T> {
  /** For the error message where the slot is not filled. */
  readonly name: string;
  readonly make: (model: LoadedModel) => T;

  constructor(name: string, make: (model: LoadedModel) => T) {
    this.name = name;
    this.make = make;
  }
}

export class ServedModel implements LoadedModel {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly engine: EngineName;
  readonly device: string;
  readonly manifest: Manifest;
  readonly scoring: ScoringModel;
  readonly calibration: Calibration | undefined;
  readonly behaviour: NormalBehaviour | undefined;
  readonly executable: Executable;
  readonly sample: Uint8Array;
  readonly #filled: ReadonlyMap<Slot<unknown>, unknown>;

  constructor(loaded: LoadedModel, slots: readonly Slot<unknown>[]) {
    this.name = loaded.name;
    this.version = loaded.version;
    this.sha256 = loaded.sha256;
    this.engine = loaded.engine;
    this.device = loaded.device;
    this.manifest = loaded.manifest;
    this.scoring = loaded.scoring;
    this.calibration = loaded.calibration;
    this.behaviour = loaded.behaviour;
    this.executable = loaded.executable;
    this.sample = loaded.sample;
    this.#filled = new Map(slots.map((slot) => [slot, slot.make(this)]));
  }

  /** The content of a slot. @throws Error where the registry was opened without that slot. */
  get<T>(slot: Slot<T>): T {
    const filled = this.#filled.get(slot);
    if (filled === undefined) throw new Error(`The registry was opened without the slot "${slot.name}".`);
    return filled as T;
  }
}

/**
 * Compiles a bundle and runs its golden windows, which also warms it.
 * @throws InputError where the engine cannot run it, or answers otherwise than when it was published.
 */
export async function loadModel(
  bundle: Bundle,
  engine: Engine,
  slots: readonly Slot<unknown>[] = [],
  replay: ReplayOptions = {},
): Promise<ServedModel> {
  const executable = await engine.compile(bundle.network, bundle.weights);
  try {
    await replayGolden(executable, bundle.golden, replay);
    const { name, version, sha256, manifest, scoring, calibration, behaviour, sample } = bundle;
    const { name: engineName, device } = engine;
    return new ServedModel(
      {
        name,
        version,
        sha256,
        engine: engineName,
        device,
        manifest,
        scoring,
        calibration,
        behaviour,
        executable,
        sample,
      },
      slots,
    );
  } catch (error) {
    await executable.close();
    throw error;
  }
}
