/** A version in memory, with the leases of those who use it. */
import type { ServedModel } from "./served-model.js";

/** The right to use a version. The version stays open until every lease is released. */
export interface Lease {
  readonly model: ServedModel;
  /** Gives the right back. Further calls do nothing. */
  release(): void;
}

/**
 * A loaded model with its leases. Once retired it gives no more, and closes when the last one is released.
 */
export class LeasedModel {
  readonly model: ServedModel;
  #leases = 0;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(model: ServedModel) {
    this.model = model;
  }

  get isLeased(): boolean {
    return this.#leases > 0;
  }

  /** A lease more. To be asked for only before `retire`. */
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

  /** Waits until every lease is released, then closes. */
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
