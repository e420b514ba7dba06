/** One version in memory: its bundle, compiled, and those who use it. */
import type { Engine, EngineName, Executable } from "../engine/engine.js";
import type { Calibration } from "../scoring/thresholds.js";
import type { ScoringModel } from "../scoring/window-scoring.js";
import type { Bundle } from "./bundle.js";
import { replayGolden } from "./golden.js";
import type { Manifest } from "./manifest.js";

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
  readonly executable: Executable;
  /** A request body with real windows. */
  readonly sampleBody: object;
}

/** The right to use a version. It stays open until every lease is released. */
export interface Lease {
  readonly model: LoadedModel;
  /** To be called once; further calls do nothing. */
  release(): void;
}

/**
 * Compiles a bundle and runs its golden windows, which also warms it.
 * Throws InputError where the engine cannot run it, or answers otherwise than when it was published.
 */
export async function loadModel(bundle: Bundle, engine: Engine): Promise<LoadedModel> {
  const executable = await engine.compile(bundle.network, bundle.weights);
  try {
    await replayGolden(executable, bundle.golden);
  } catch (error) {
    await executable.close();
    throw error;
  }
  const { name, version, sha256, manifest, scoring, calibration, sampleBody } = bundle;
  return {
    name,
    version,
    sha256,
    engine: engine.name,
    device: engine.device,
    manifest,
    scoring,
    calibration,
    executable,
    sampleBody,
  };
}

/** A loaded model with its leases. Once retired it takes no more, and closes when the last one is released. */
export class LeasedModel {
  readonly model: LoadedModel;
  #leases = 0;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(model: LoadedModel) {
    this.model = model;
  }

  get isLeased(): boolean {
    return this.#leases > 0;
  }

  lease(): Lease {
    this.#leases++;
    let held = true;
    return {
      model: this.model,
      release: () => {
        if (!held) return;
        held = false;
        this.#leases--;
        if (this.#leases === 0) this.#drained?.();
      },
    };
  }

  /** Waits for the leases there are, then closes. */
  async retire(): Promise<void> {
    if (this.#leases > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    await this.close();
  }

  /** Closes at once; runs under way are still answered. */
  close(): Promise<void> {
    this.#closing ??= this.model.executable.close();
    return this.#closing;
  }
}
