/**
 * What the registry knows about one version. Its state is one of
 *
 *   stored ----> loading ----> live ----> draining ----> stored
 *                   `--------> refused
 *
 * A version is draining while it takes no new requests but is still leased by earlier ones.
 */
import type { LeasedModel } from "./leased-model.js";

/** The states of a version. */
export const VERSION_STATES = ["loading", "live", "draining", "stored", "refused"] as const;
export type VersionState = (typeof VERSION_STATES)[number];

/** A version as `GET /v1/models` lists it. */
export interface VersionListing {
  readonly version: string;
  readonly state: VersionState;
  /** The hash of manifest.json in hex; null where it could not be read. */
  readonly sha256: string | null;
  /** Null unless the version is live. */
  readonly engine: string | null;
  readonly device: string | null;
  /**
   * Why it is refused. For a live version: why its folder, which has changed since, could not be loaded. Else null.
   */
  readonly reason: string | null;
}

/** The state of one version. */
export class VersionEntry {
  readonly version: string;
  /** Of the folder, when it was last opened; undefined where it has to be opened again. */
  fingerprint: string | undefined;
  sha256: string | null | undefined;
  reason: string | undefined;
  loading = false;
  /** Whether its folder exists. Where it does not, the entry stays until the version is drained. */
  isStored = true;
  live: LeasedModel | undefined;
  /** How many loaded models of this version are retired and still leased. */
  draining = 0;

  constructor(version: string) {
    this.version = version;
  }

  get state(): VersionState {
    if (this.live !== undefined) return "live";
    if (this.loading) return "loading";
    if (this.reason !== undefined) return "refused";
    return this.draining > 0 ? "draining" : "stored";
  }

  /** The version as `GET /v1/models` lists it. */
  list(): VersionListing {
    return {
      version: this.version,
      state: this.state,
      sha256: this.live?.model.sha256 ?? this.sha256 ?? null,
      engine: this.live?.model.engine ?? null,
      device: this.live?.model.device ?? null,
      reason: this.reason ?? null,
    };
  }
}
