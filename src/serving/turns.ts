/**
 * Whose turn it is: remote addresses take turns, and the clients of an address take the turns of that address. So who
 * opens many connections gets no more turns than who has one.
 */
export class Turns<T> {
  /** The clients of each address; the address whose turn is next comes first, and so does its client. */
  readonly #addresses = new Map<string | undefined, T[]>();
  #size = 0;

  /** How many clients there are. */
  get size(): number {
    return this.#size;
  }

  /** The client whose turn is next; undefined where there is none. */
  get first(): T | undefined {
    return this.#addresses.values().next().value?.[0];
  }

  /** A client comes behind the others of its address; an address that had none comes last. */
  push(address: string | undefined, client: T): void {
    const clients = this.#addresses.get(address);
    if (clients === undefined) this.#addresses.set(address, [client]);
    else clients.push(client);
    this.#size += 1;
  }

  /** Takes out the first client; then it is the next address's turn. To be called where there is one. */
  shift(): T {
    const [address, clients] = this.#addresses.entries().next().value!;
    const client = clients.shift()!;
    this.#size -= 1;
    if (clients.length === 0) this.#addresses.delete(address);
    else if (this.#addresses.size > 1) {
      this.#addresses.delete(address);
      this.#addresses.set(address, clients);
    }
    return client;
  }

  /** Visits every client, in no order that means anything. */
  forEach(visit: (client: T) => void): void {
    for (const clients of this.#addresses.values()) clients.forEach(visit);
  }

  /** Takes out those that `stays` says no for. */
  filter(stays: (client: T) => boolean): void {
    for (const [address, clients] of this.#addresses) {
      const left = clients.filter(stays);
      this.#size -= clients.length - left.length;
      if (left.length === 0) this.#addresses.delete(address);
      else this.#addresses.set(address, left);
    }
  }
}
