/**
 * How much of the queue each remote address uses. A single address may fill it. A little room beyond the queue's limit is
 * left for addresses that have less than an equal share, so that none is refused because another one filled the queue.
 */
import { Backlog, type BatchClient } from "./batch-job.js";
import { addressOf } from "./remote-address.js";

/** Beside the queue, as a share of it. */
const EXTRA_SHARE = 1 / 8;
/** With so many addresses, those of which nothing waits are forgotten. */
const SWEEP_AT = 1024;

export interface AddressShare {
  readonly backlog: Backlog;
  /** Windows that room is kept for. */
  reserved: number;
}

export class AddressShares {
  readonly #maxWindows: number;
  readonly #whole: Backlog;
  readonly #shares = new Map<string | undefined, AddressShare>();

  /** @param maxWindows of the queue. @param whole counts what waits of all addresses. */
  constructor(maxWindows: number, whole: Backlog) {
    this.#maxWindows = maxWindows;
    this.#whole = whole;
  }

  /** The share of a client's address. */
  of(client: BatchClient | undefined): AddressShare {
    const address = addressOf(client);
    let share = this.#shares.get(address);
    if (share === undefined) {
      if (this.#shares.size >= SWEEP_AT) this.#sweep();
      share = { backlog: new Backlog(this.#whole), reserved: 0 };
      this.#shares.set(address, share);
    }
    return share;
  }

  /**
   * The most windows that may wait, over all addresses, once an address has added `windows` of its own: more than the queue's
   * limit where the address then still has no more than an equal share of it.
   */
  mostWith(share: AddressShare, windows: number): number {
    this.#sweep(share);
    const most = this.#maxWindows * (1 + EXTRA_SHARE);
    const isLess = (waitingOf(share) + windows) * this.#shares.size <= this.#maxWindows;
    return this.#shares.size > 1 && isLess ? most : this.#maxWindows;
  }

  /** Forgets the addresses of which nothing waits. */
  #sweep(kept?: AddressShare): void {
    for (const [address, share] of this.#shares) {
      if (share !== kept && waitingOf(share) === 0) this.#shares.delete(address);
    }
  }
}

function waitingOf({ backlog, reserved }: AddressShare): number {
  return backlog.windows + reserved;
}
