/**
 * Work that waits for room in the queue. Models take turns by the work that was let in for each, as lanes do;
 * within a model, clients take turns; the work of one client is let in as it came.
 */
import { type BatchTarget, type BatchWork, connectionOf } from "./batch-job.js";

/** A place in the line. */
export interface Place {
  readonly work: BatchWork;
  /** Called once, when its turn has come. */
  readonly admit: () => void;
}

interface ModelLine {
  readonly executable: BatchTarget["executable"];
  /** Work let in for the model (windows x timesteps), counted from where all stood when it began to wait. */
  virtualTime: number;
  /** The places of each client; the client whose turn is next comes first. */
  readonly clients: Map<unknown, Place[]>;
}

export class RoomLine {
  readonly #models = new Map<BatchTarget["executable"], ModelLine>();
  #virtualTime = 0;

  push(place: Place): void {
    const { executable } = place.work.target;
    let model = this.#models.get(executable);
    if (model === undefined) {
      model = { executable, virtualTime: this.#virtualTime, clients: new Map() };
      this.#models.set(executable, model);
    }
    // Work without a client is a client of its own.
    const client = connectionOf(place.work) ?? place;
    const places = model.clients.get(client);
    if (places === undefined) model.clients.set(client, [place]);
    else places.push(place);
  }

  /** The place whose turn is next; undefined where nothing waits. */
  get first(): Place | undefined {
    return this.#next()?.places[0];
  }

  /** Takes the first place out of the line, and counts its work as done for its model. */
  shift(): Place {
    const { model, client, places } = this.#next()!;
    const place = places.shift()!;
    this.#virtualTime = model.virtualTime;
    model.virtualTime += place.work.count * model.executable.network.timesteps;
    model.clients.delete(client);
    if (places.length > 0) model.clients.set(client, places);
    if (model.clients.size === 0) this.#models.delete(model.executable);
    return place;
  }

  /** Takes out a place whose turn has not come. */
  remove(place: Place): void {
    const model = this.#models.get(place.work.target.executable);
    if (model === undefined) return;
    const client = connectionOf(place.work) ?? place;
    const left = model.clients.get(client)?.filter((other) => other !== place) ?? [];
    if (left.length > 0) model.clients.set(client, left);
    else model.clients.delete(client);
    if (model.clients.size === 0) this.#models.delete(model.executable);
  }

  #next(): { model: ModelLine; client: unknown; places: Place[] } | undefined {
    let model: ModelLine | undefined;
    for (const other of this.#models.values()) {
      if (model === undefined || other.virtualTime < model.virtualTime) model = other;
    }
    if (model === undefined) return undefined;
    const [client, places] = model.clients.entries().next().value!;
    return { model, client, places };
  }
}
