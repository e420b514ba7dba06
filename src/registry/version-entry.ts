/**
 * What the registry knows of one version. It is, at any time, one of
 *
 *   stored ----> loading ----> live ----> draining ----> stored
 *                   `--------> refused      (wanted no more, still leased)
 */
import type { LeasedModel } from "./leased-model.js";

export const VERSION_STATES = ["loading", "live", "draining", "stored", "refused"] as const;
export type VersionState = (typeof VERSION_STATES)[number];

export interface VersionListing {
  readonly version: string;
  readonly state: VersionState;
  /** Of manifest.json; null where it could not be read. */
  readonly sha256: string | null;
  /** Null unless it is live. */
  readonly engine: string | null;
  readonly device: string | null;
  /** Why it is refused, or why what is now in its folder is not what is live; null where there is nothing to say. */
  readonly reason: string | null;
}

/** What is known of one version. */
export class VersionEntry {
  readonly version: string;
  /** Of the folder, when it was last opened; undefined for one that is to be opened again. */
  fingerprint: string | undefined;
  sha256: string | null | undefined;
  reason: string | undefined;
  loading = false;
  /** Whether its folder is there; one that is gone stays until it is drained. */
  isStored = true;
  live: LeasedModel | undefined;
  /** Loaded models of this version that are wanted no more and still leased. */
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
