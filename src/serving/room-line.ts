/**
 * Work that waits for room in the queue. Models take turns by the work that was let in for each, as lanes do;
 * within a model, remote addresses take turns, and the clients of each; the work of one client is let in as it came.
 */
import { type BatchTarget, type BatchWork, connectionOf } from "./batch-job.js";
import { addressOf } from "./remote-address.js";
import { Turns } from "./turns.js";

/** A place in the line. */
export interface Place {
  readonly work: BatchWork;
  /** Called once, when its turn has come. */
  readonly admit: () => void;
}

interface ClientLine {
  readonly client: unknown;
  readonly address: string | undefined;
  places: Place[];
}

interface ModelLine {
  readonly executable: BatchTarget["executable"];
  /** Work let in for the model (windows x timesteps), counted from where all stood when it began to wait. */
  virtualTime: number;
  readonly clients: Map<unknown, ClientLine>;
  readonly turns: Turns<ClientLine>;
}

export class RoomLine {
  readonly #models = new Map<BatchTarget["executable"], ModelLine>();
  #virtualTime = 0;

  /** A place comes behind the others of its client. */
  push(place: Place): void {
    const { executable } = place.work.target;
    let model = this.#models.get(executable);
    if (model === undefined) {
      model = { executable, virtualTime: this.#virtualTime, clients: new Map(), turns: new Turns() };
      this.#models.set(executable, model);
    }
    const client = clientOf(place);
    const known = model.clients.get(client);
    if (known !== undefined) {
      known.places.push(place);
      return;
    }
    const line = { client, address: addressOf(place.work.client), places: [place] };
    model.clients.set(client, line);
    model.turns.push(line.address, line);
  }

  /** The place whose turn is next; undefined where nothing waits. */
  get first(): Place | undefined {
    return this.#next()?.turns.first?.places[0];
  }

  /** Takes the first place out of the line, and counts its work as done for its model. */
  shift(): Place {
    const model = this.#next()!;
    const line = model.turns.shift();
    const place = line.places.shift()!;
    this.#virtualTime = model.virtualTime;
    model.virtualTime += place.work.count * model.executable.network.timesteps;
    if (line.places.length > 0) model.turns.push(line.address, line);
    else this.#forget(model, line);
    return place;
  }

  /** Takes out a place whose turn has not come. */
  remove(place: Place): void {
    const model = this.#models.get(place.work.target.executable);
    const line = model?.clients.get(clientOf(place));
    if (model === undefined || line === undefined) return;
    line.places = line.places.filter((other) => other !== place);
    if (line.places.length > 0) return;
    model.turns.filter((other) => other !== line);
    this.#forget(model, line);
  }

  /** Forgets a client of which nothing waits, and the model with its last one. */
  #forget(model: ModelLine, { client }: ClientLine): void {
    model.clients.delete(client);
    if (model.clients.size === 0) this.#models.delete(model.executable);
  }

  #next(): ModelLine | undefined {
    let next: ModelLine | undefined;
    for (const model of this.#models.values()) {
      if (next === undefined || model.virtualTime < next.virtualTime) next = model;
    }
    return next;
  }
}

/** Work without a client is a client of its own. */
function clientOf(place: Place): unknown {
  return connectionOf(place.work) ?? place;
}
