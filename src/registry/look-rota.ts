/**
 * Chooses the versions whose files a look at the folder compares with those that were opened. Of many versions, each look
 * compares a part, in turn, so that a look at thousands takes little longer than one at hundreds.
 */

/** Versions whose files are compared in one look. */
export const CHECKED_PER_LOOK = 200;

export class LookRota {
  readonly #perLook: number;
  /** The turn of each version, in the order in which they were met first. */
  readonly #turns = new WeakMap<object, number>();
  #nextTurn = 0;
  #looks = 0;
  #met = 0;
  #every = 1;

  constructor(perLook = CHECKED_PER_LOOK) {
    this.#perLook = perLook;
  }

  /** Begins a look. How many versions the look before met says into how many parts they are divided. */
  begin(): void {
    this.#every = Math.max(1, Math.ceil(this.#met / this.#perLook));
    this.#met = 0;
    this.#looks++;
  }

  /** Whether the files of a version are compared in this look. To be asked once for each version in a look. */
  isTurnOf(version: object): boolean {
    this.#met++;
    let turn = this.#turns.get(version);
    if (turn === undefined) {
      turn = this.#nextTurn++;
      this.#turns.set(version, turn);
    }
    return (turn + this.#looks) % this.#every === 0;
  }
}
