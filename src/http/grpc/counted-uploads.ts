/**
 * Counts the messages of calls while they arrive, with the bodies of the other requests (`body-budget.ts`). The library keeps
 * the pieces of a message until it is complete, and says nothing of them; so the streams are looked at that it reads.
 */
import type { Logger } from "pino";
import { ResiduaError } from "../../errors.js";
import type { Metrics } from "../../serving/metrics.js";
import type { BodyBudget, Upload } from "../body-budget.js";
import { requestIdSource } from "../request-id.js";
import type { ArrivingCall, GrpcLibrary, Interceptor } from "./grpc-library.js";
import { grpcFailure } from "./grpc-status.js";

/** A message begins with a byte, whether it is compressed, and its length in four. */
const LENGTH_AT = 1;
const HEAD_BYTES = 5;

export interface CountingOptions {
  readonly budget: BodyBudget;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** How long a message may take to arrive, from the beginning of its call. */
  readonly requestMs: number;
}

/**
 * Counts each message from its first piece to the end of its call, unless it comes in one piece. A call whose message has no
 * room ends with RESOURCE_EXHAUSTED; one of whose message nothing arrives any more, or not all in time, with DEADLINE_EXCEEDED.
 * What still comes of them is dropped.
 */
export function countUploads(
  { budget, log, metrics, requestMs }: CountingOptions,
  grpc: GrpcLibrary,
): Interceptor {
  const idOf = requestIdSource();
  return ({ path }, call) => {
    const refuse = (error: ResiduaError): void => {
      const id = idOf({ headers: {} });
      const failure = grpcFailure(grpc, error);
      failure.metadata.set("x-request-id", id);
      call.sendStatus(failure);
      const { code, status } = error;
      metrics.requested("POST", path, status, 0);
      log.info({ reqId: id, method: "POST", path, status, grpcStatus: failure.code, code });
    };
    const message = new ArrivingMessage(budget, call, refuse);
    message.expectWithin(requestMs);
    call.stream.on("data", message.add);
    return call;
  };
}

class ArrivingMessage {
  readonly #budget: BodyBudget;
  readonly #call: ArrivingCall;
  readonly #refuse: (error: ResiduaError) => void;
  #upload: Upload | undefined;
  #received = 0;
  /** With its head; undefined until that has arrived. */
  #length: number | undefined;
  /** Its head, where that did not come in one piece. */
  #head: Buffer | undefined;
  /** Until it is complete. */
  #limit: NodeJS.Timeout | undefined;

  constructor(budget: BodyBudget, call: ArrivingCall, refuse: (error: ResiduaError) => void) {
    this.#budget = budget;
    this.#call = call;
    this.#refuse = refuse;
  }

  /** Ends the call where the message is not complete by then; it may be that nothing ever comes of it. */
  expectWithin(ms: number): void {
    this.#limit = setTimeout(() => {
      this.#end(new ResiduaError("DEADLINE_EXCEEDED", `The message has not arrived within ${ms / 1000} s.`));
    }, ms).unref();
    this.#call.stream.once("close", () => clearTimeout(this.#limit));
  }

  readonly add = (piece: Buffer): void => {
    this.#received += piece.length;
    if (this.#length === undefined) this.#readHead(piece);
    const isComplete = this.#length !== undefined && this.#received >= this.#length;
    if (isComplete) clearTimeout(this.#limit);
    if (this.#upload === undefined && isComplete) return;
    try {
      this.#upload ??= this.#begin();
      this.#upload.add(piece.length);
      if (isComplete) this.#upload.complete();
    } catch (error) {
      this.#end(error as ResiduaError);
    }
  };

  #readHead(piece: Buffer): void {
    const head = this.#head === undefined ? piece : Buffer.concat([this.#head, piece]);
    if (head.length < HEAD_BYTES) this.#head = Buffer.from(head);
    else this.#length = HEAD_BYTES + head.readUInt32BE(LENGTH_AT);
  }

  #begin(): Upload {
    const upload = this.#budget.begin(() => {
      const seconds = this.#budget.stalledMs / 1000;
      this.#end(
        new ResiduaError("DEADLINE_EXCEEDED", `Nothing of the message has arrived for ${seconds} s.`),
      );
    });
    this.#call.stream.once("close", () => upload.release());
    return upload;
  }

  #end(error: ResiduaError): void {
    const { stream } = this.#call;
    clearTimeout(this.#limit);
    stream.off("data", this.add);
    this.#upload?.complete();
    this.#refuse(error);
    // Else the stream, and what has arrived of the message, would be kept until the client ends it.
    stream.close();
  }
}
