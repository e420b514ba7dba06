/** Reads jobs from Redis. What is not of the form that this program writes is passed over. */
import type { JobNote, JobRecord } from "../job.js";
import { isJobId } from "../job-id.js";
import { parseEnd, parseNote, parseOrder } from "../stored-job.js";
import { ENDED, OPEN } from "./redis-keys.js";
import type { RedisLink } from "./redis-link.js";

/** At most this many notes of jobs are kept here, so that those who watch a job have new ones alone read from Redis. */
const MOST_KEPT = 200_000;
/** What a job counts beside its notes. */
const LEAST = 10;
/** How many jobs are read at once. */
const AT_ONCE = 20;

interface KeptNotes {
  /** How many texts of the list were read. */
  read: number;
  readonly notes: JobNote[];
  /** What it counts among all that is kept. */
  counted: number;
}

export class RedisRecords {
  readonly #link: RedisLink;
  readonly #kept = new Map<string, KeptNotes>();
  #keptNotes = 0;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  async read(id: string): Promise<JobRecord | undefined> {
    if (!isJobId(id)) return undefined;
    const kept = this.#kept.get(id) ?? { read: 0, notes: [], counted: 0 };
    const known = kept.read;
    const [orderJson, endJson, isWaiting, texts] = (await this.#link.script("runRead", id, known)) as [
      string,
      string,
      string,
      readonly string[],
    ];
    const order = parseOrder(orderJson);
    if (order === undefined || order.id !== id) return undefined;
    // Another reader may have been faster: then some of these are there already.
    const notes = this.#withNew(id, kept, texts.slice(kept.read - known));
    const end = endJson === "" ? undefined : parseEnd(endJson);
    return { order, notes, isWaiting: isWaiting === "1", end };
  }

  /** As `JobStore.list`. */
  async list(mostEnded: number): Promise<JobRecord[]> {
    const [open, ended] = await this.#link.run((client) =>
      Promise.all([
        client.zrange(OPEN, 0, -1),
        mostEnded === 0 ? Promise.resolve([]) : client.zrange(ENDED, -mostEnded, -1),
      ]),
    );
    const ids = [...new Set([...open, ...ended])].sort().reverse();
    const records: (JobRecord | undefined)[] = [];
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      records.push(...(await Promise.all(ids.slice(from, from + AT_ONCE).map((id) => this.read(id)))));
    }
    return records.filter((record) => record !== undefined);
  }

  /** All notes of a job: those that are kept, and new ones. */
  #withNew(id: string, kept: KeptNotes, texts: readonly string[]): readonly JobNote[] {
    for (const text of texts) {
      const note = parseNote(text);
      if (note !== undefined) kept.notes.push(note);
      kept.read++;
    }
    this.#forget(id);
    // The job that was read last is the last to go.
    this.#kept.set(id, kept);
    kept.counted = LEAST + kept.notes.length;
    this.#keptNotes += kept.counted;
    while (this.#keptNotes > MOST_KEPT && this.#kept.size > 1) this.#forget(this.#kept.keys().next().value!);
    return kept.notes.slice();
  }

  #forget(id: string): void {
    this.#keptNotes -= this.#kept.get(id)?.counted ?? 0;
    this.#kept.delete(id);
  }
}
