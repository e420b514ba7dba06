/**
 * Requests to one bucket of an object store. The client library repeats what failed in passing (500, 503 SlowDown, a
 * connection that was cut) a few times, after pauses that grow and are random; here, every request gets a time limit, and
 * every object a limit of its size. What fails all the same is a StoreUnavailable.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { InputError, ResiduaError } from "../../errors.js";
import type { FileContent } from "../bundle-files.js";
import { type Answer, type AwsLibrary, type Client, createClient } from "./aws-library.js";
import { limitMs, readBody } from "./body.js";
import {
  explainFailure,
  isBucketMissing,
  isDenied,
  StoreUnavailable,
  statusOf,
  withoutConditions,
} from "./failures.js";

/** An object, by what a listing says of it. */
export interface ObjectAt {
  readonly key: string;
  readonly bytes: number;
  /** Changes with the object's bytes. */
  readonly etag: string;
  /** When it was written, by the store's clock. */
  readonly modifiedMs: number;
}

export interface ObjectHead extends ObjectAt {
  /** The marks of its writers, the last one first. */
  readonly writers: readonly string[];
}

export interface ObjectContent extends FileContent {
  readonly etag: string;
  /** As in `ObjectHead`. */
  readonly writers: readonly string[];
}

/** How a write may be bound to what is there: nothing ("new"), or an object with this ETag. */
export type Condition = "new" | { readonly etag: string };

export interface ObjectClientOptions {
  readonly bucket: string;
  /** The address of the store; undefined for Amazon's own. */
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  /** A connection on which nothing moves for so long is given up. */
  readonly idleMs?: number | undefined;
}

/** A listing with more objects or pages than these is not one of models: it would take minutes and gigabytes. */
const MOST_OBJECTS = 500_000;
const MOST_PAGES = 5_000;
/** How often an object is read from the start again whose bytes did not come to an end. */
const READS = 3;
/** How often a write is tried that the store refuses since another one is under way. */
const WRITES = 5;
const PAUSE_MS = 200;
/** The user metadata in which an object has the marks of its writers, and how many of them. */
const WRITERS = "residua-writers";
const MOST_WRITERS = 10;

export class ObjectClient {
  readonly #library: AwsLibrary;
  readonly #client: Client;
  readonly #bucket: string;
  readonly #closed = new AbortController();

  constructor(library: AwsLibrary, { bucket, ...connection }: ObjectClientOptions) {
    this.#library = library;
    this.#bucket = bucket;
    this.#client = createClient(library, connection);
  }

  /** The objects whose keys begin with a prefix and come after `startAfter`, a page of up to 1,000 after the other. */
  async *list(prefix: string, startAfter?: string): AsyncGenerator<readonly ObjectAt[]> {
    let token: string | undefined;
    let objects = 0;
    for (let page = 1; page <= MOST_PAGES && objects <= MOST_OBJECTS; page++) {
      const answer = await this.#send(
        new this.#library.ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          // A key may hold what XML cannot.
          EncodingType: "url",
          ...(token === undefined ? { StartAfter: startAfter } : { ContinuationToken: token }),
        }),
      );
      const isEncoded = answer.EncodingType === "url";
      yield (answer.Contents ?? []).map(({ Key = "", Size = 0, ETag = "", LastModified }) => ({
        key: isEncoded ? decodeKey(Key) : Key,
        bytes: Size,
        etag: ETag,
        modifiedMs: LastModified?.getTime() ?? 0,
      }));
      objects += answer.Contents?.length ?? 0;
      token = answer.NextContinuationToken;
      if (token === undefined || token === "") return;
    }
    throw new StoreUnavailable(
      `it lists more than ${MOST_OBJECTS} objects, or has no end, under "${prefix}"`,
    );
  }

  /** What the store says of an object; undefined where there is none. */
  async head(key: string): Promise<ObjectHead | undefined> {
    const answer = await this.#sendOrMissing(new this.#library.HeadObjectCommand(this.#at(key)));
    if (answer === undefined) return undefined;
    return {
      key,
      bytes: answer.ContentLength ?? 0,
      etag: answer.ETag ?? "",
      modifiedMs: answer.LastModified?.getTime() ?? 0,
      writers: writersOf(answer),
    };
  }

  /**
   * Reads an object; undefined where there is none.
   * @param checkSize throws where it has too many bytes; those are not read then.
   */
  async get(key: string, checkSize: (bytes: number) => void): Promise<ObjectContent | undefined> {
    for (let read = 1; ; read++) {
      const answer = await this.#sendOrMissing(new this.#library.GetObjectCommand(this.#at(key)));
      if (answer === undefined) return undefined;
      try {
        const content = await readBody(answer, checkSize, this.#closed.signal);
        return { ...content, etag: answer.ETag ?? "", writers: writersOf(answer) };
      } catch (error) {
        answer.Body?.destroy();
        if (error instanceof InputError) throw error;
        if (read === READS || this.#closed.signal.aborted) throw this.#unavailable(error);
        await this.pause(PAUSE_MS * read);
      }
    }
  }

  /**
   * Writes an object where the condition holds. Where the answer is lost and the write is sent again, the marks of writers
   * in the object tell whether it was done, also after others have written.
   * @param writer the mark of this one write.
   * @param before the marks of those who wrote what is replaced.
   * @returns the ETag of what was written; undefined where the condition does not hold.
   * @throws ResiduaError CONFLICT where this process may not write.
   */
  async put(
    key: string,
    bytes: Uint8Array,
    writer: string,
    condition: Condition,
    before: readonly string[] = [],
  ): Promise<string | undefined> {
    const command = new this.#library.PutObjectCommand({
      ...this.#at(key),
      Body: bytes,
      ContentLength: bytes.length,
      Metadata: { [WRITERS]: [writer, ...before].slice(0, MOST_WRITERS).join(" ") },
      ...(condition === "new" ? { IfNoneMatch: "*" } : { IfMatch: condition.etag }),
    });
    for (let write = 1; ; write++) {
      try {
        return (await this.#try(command, bytes.length)).ETag ?? "";
      } catch (error) {
        const status = statusOf(error);
        if (status === 412 || (status === 404 && condition !== "new" && !isBucketMissing(error))) {
          const there = await this.head(key);
          return there?.writers.includes(writer) ? there.etag : undefined;
        }
        if (isDenied(error)) {
          throw new ResiduaError(
            "CONFLICT",
            "Nothing can be changed here: the object store denies this process to write (AccessDenied).",
            { cause: error },
          );
        }
        if (status === 501) throw withoutConditions(error);
        // ConditionalRequestConflict: another write to this key is under way.
        if (status !== 409 || write === WRITES) throw this.#unavailable(error);
        await this.pause(PAUSE_MS * write);
      }
    }
  }

  /** Removes an object, where it is there. */
  async remove(key: string): Promise<void> {
    await this.#sendOrMissing(new this.#library.DeleteObjectCommand(this.#at(key)));
  }

  /** Ends what is under way. */
  close(): void {
    this.#closed.abort(new Error("this program ends"));
    this.#client.destroy();
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: key };
  }

  async #sendOrMissing(command: object): Promise<Answer | undefined> {
    try {
      return await this.#try(command);
    } catch (error) {
      if (statusOf(error) === 404 && !isBucketMissing(error)) return undefined;
      throw this.#unavailable(error);
    }
  }

  #send(command: object): Promise<Answer> {
    return this.#try(command).catch((error: unknown) => {
      throw this.#unavailable(error);
    });
  }

  #try(command: object, bytes = 0): Promise<Answer> {
    const abortSignal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(limitMs(bytes))]);
    return this.#client.send(command, { abortSignal });
  }

  /** Waits for about that long, by a random factor, so that writers do not try again together. @throws StoreUnavailable once this is closed. */
  async pause(ms: number): Promise<void> {
    try {
      await sleep(ms * (0.5 + Math.random()), undefined, { signal: this.#closed.signal });
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  #unavailable(error: unknown): StoreUnavailable {
    return new StoreUnavailable(
      this.#closed.signal.aborted ? "this program ends" : explainFailure(error),
      error,
    );
  }
}

function writersOf(answer: Answer): string[] {
  return (answer.Metadata?.[WRITERS] ?? "").split(" ").filter((mark) => mark !== "");
}

/** Undoes the encoding of a listing, in which a space may be a plus. */
function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return key;
  }
}
