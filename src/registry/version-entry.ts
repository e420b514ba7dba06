/**
 * What the registry knows of one version, and the states that a version can be in:
 *
 *   stored ----> loading ----> live ----> draining ----> stored
 *                   `--------> refused
 *
 * stored: on disk, not in memory. draining: no longer wanted, but some requests still use it. refused: cannot
 * be loaded.
 */
import type { LeasedModel } from "./leased-model.js";

export const VERSION_STATES = ["loading", "live", "draining", "stored", "refused"] as const;
export type VersionState = (typeof VERSION_STATES)[number];

export interface VersionListing {
  readonly version: string;
  readonly state: VersionState;
  /** The hash of manifest.json in hex; null where it could not be read. */
  readonly sha256: string | null;
  /** Null unless the version is live. */
  readonly engine: string | null;
  readonly device: string | null;
  /**
   * Why it is refused, or, for a live version, why the present contents of its folder are refused; null
   * otherwise.
   */
  readonly reason: string | null;
}

/** What is known of one version. */
export class VersionEntry {
  readonly version: string;
  /** The fingerprint of the folder when the version was last opened; undefined before that. */
  fingerprint: string | undefined;
  sha256: string | null | undefined;
  reason: string | undefined;
  loading = false;
  /** Whether its folder is there. A version whose folder is gone is kept until it is drained. */
  isStored = true;
  live: LeasedModel | undefined;
  /** How many loaded models of this version are no longer wanted but still leased. */
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
