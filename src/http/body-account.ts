/** What one body counts in the bytes that are in flight. */
import type { ServerResponse } from "node:http";
import type { FastifyRequest } from "fastify";
import type { BodyBudget, Upload } from "./body-budget.js";
import { pauseReading } from "./paused-reading.js";

declare module "fastify" {
  interface FastifyRequest {
    /** In a scope of `takeRawBodies`: the answer to the request. */
    response: ServerResponse | undefined;
  }
}

/** After so many pieces, other connections are read first. */
const PIECES_A_TURN = 1000;

/** Counts the bytes of one body, unless it comes in one piece. */
export class BodyAccount {
  /** How many bytes the body says that it has; 0 where it does not. */
  readonly declared: number;
  readonly #budget: BodyBudget;
  readonly #request: FastifyRequest;
  #upload: Upload | undefined;
  #pieces = 0;

  constructor(budget: BodyBudget, declared: number, request: FastifyRequest) {
    this.#budget = budget;
    this.declared = declared;
    this.#request = request;
  }

  /** @throws ResiduaError QUEUE_FULL where a piece of so many bytes does not fit. */
  add(bytes: number): void {
    if (this.#upload === undefined) {
      if (bytes === this.declared) return;
      const { raw, response } = this.#request;
      const upload = this.#budget.begin(() => raw.destroy());
      response!.once("close", () => upload.release());
      this.#upload = upload;
    }
    this.#upload.add(bytes);
    this.#pieces += 1;
    if (this.#pieces !== PIECES_A_TURN) return;
    const goOn = pauseReading(this.#request.raw.socket);
    setImmediate(() => {
      this.#pieces = 0;
      goOn();
    });
  }

  complete(): void {
    this.#upload?.complete();
  }
}
