/**
 * Whose turn it is: remote addresses take turns, and the clients of an address take the turns of that address. So who
 * opens many connections gets no more turns than who has one.
 */
export class Turns<T> {
  /** In the order of their turns. */
  readonly #addresses: Address<T>[] = [];
  readonly #byName = new Map<string | undefined, Address<T>>();
  #size = 0;

  /** How many clients there are. */
  get size(): number {
    return this.#size;
  }

  /** The client whose turn is next; undefined where there is none. */
  get first(): T | undefined {
    return this.#addresses[0]?.clients[0];
  }

  /** A client comes behind the others of its address; an address that had none comes last. */
  push(name: string | undefined, client: T): void {
    const known = this.#byName.get(name);
    if (known === undefined) {
      const address = { name, clients: [client] };
      this.#byName.set(name, address);
      this.#addresses.push(address);
    } else known.clients.push(client);
    this.#size += 1;
  }

  /** Takes out the first client; then it is the next address's turn. To be called where there is one. */
  shift(): T {
    const address = this.#addresses[0]!;
    const client = address.clients.shift()!;
    this.#size -= 1;
    if (address.clients.length === 0) {
      this.#byName.delete(address.name);
      this.#addresses.shift();
    } else if (this.#addresses.length > 1) this.#addresses.push(this.#addresses.shift()!);
    return client;
  }

  /** Visits every client, in no order that means anything. */
  forEach(visit: (client: T) => void): void {
    for (const { clients } of this.#addresses) clients.forEach(visit);
  }

  /** Takes out those that `stays` says no for. */
  filter(stays: (client: T) => boolean): void {
    const all = this.#addresses.splice(0);
    this.#size = 0;
    for (const address of all) {
      address.clients = address.clients.filter(stays);
      this.#size += address.clients.length;
      if (address.clients.length > 0) this.#addresses.push(address);
      else this.#byName.delete(address.name);
    }
  }
}

/** An address with its clients, of which the first is the next. */
interface Address<T> {
  readonly name: string | undefined;
  clients: T[];
}
