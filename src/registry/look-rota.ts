/**
 * Which versions have their files compared with those that were opened, in a look at the folder: of many versions a part,
 * in turn, so that a look at thousands takes little longer than one at hundreds.
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

  /** A look begins. It compares as many parts as the versions met in the one before make necessary. */
  begin(): void {
    this.#every = Math.max(1, Math.ceil(this.#met / this.#perLook));
    this.#met = 0;
    this.#looks++;
  }

  /** Whether it is a version's turn in this look. To be asked once in a look. */
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
