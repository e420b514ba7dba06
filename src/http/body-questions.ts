/** What the threads that read large bodies are asked, and what they answer. */
import type { ErrorCode, Violation } from "../errors.js";
import type { Client } from "../serving/request-slices.js";
import type { DataBody, DataReading } from "./data-body.js";
import type { InferBody } from "./inference/infer-request.js";
import type { ScoreLimits, WindowsBody } from "./score-request.js";
import type { SeriesBody } from "./series-body.js";
import type { TableReading } from "./table-body.js";

export type ReadBody = WindowsBody | SeriesBody | InferBody | DataBody;

/** How a body is read. */
export type BodyReading =
  | { readonly kind: "data"; readonly reading: DataReading }
  | ({ readonly limits: ScoreLimits } & (
      | { readonly kind: "score" }
      | { readonly kind: "table"; readonly reading: TableReading }
      | { readonly kind: "infer"; readonly headerLength: number | undefined }
    ));

/** What the thread is sent: a body to read. */
export type BodyQuestion = BodyReading & { readonly pieces: readonly Uint8Array[] };

/** What the thread sends back: the body that it read, or why it was refused. */
export interface BodyAnswer {
  readonly body?: ReadBody;
  readonly refusal?: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly violations: readonly Violation[];
  };
}

/** Who waits for a body. */
export interface BodyWaits {
  /** On the clock of `performance.now()`. */
  readonly deadlineAtMs?: number | undefined;
  readonly client?: Client | undefined;
}
