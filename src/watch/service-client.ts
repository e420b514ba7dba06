/** The service that scores: what it says of a model, and its answers to the rows of a stream. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { InputError } from "../errors.js";
import { call, excerpt, parseAnswer } from "./http-call.js";
import type { Row } from "./prometheus-source.js";

export interface ServiceOptions {
  /** Without a slash at the end. */
  readonly url: string;
  readonly model: string;
  /** Undefined: the one that answers for the model, which may change. */
  readonly version: string | undefined;
  readonly token: string | undefined;
}

/** A model as far as `watch` needs to know it. */
export interface WatchedModel {
  /** T. */
  readonly timesteps: number;
  readonly features: readonly string[];
  /** The time from row to row of what it was trained on; undefined where that is not known. */
  readonly stepMs: number | undefined;
  /** Whether it was trained on resampled rows, of which there are no continuations. */
  readonly isResampled: boolean;
}

/** The continuation is of another version, or damaged: a new stream has to begin. */
export class StreamLostError extends Error {
  override readonly name = "StreamLostError";
}

export interface ScoreRequest {
  /** At least one. */
  readonly rows: readonly Row[];
  /** [F] of the readings in rows. */
  readonly columns: readonly string[];
  /** Empty for a new stream. */
  readonly continuation: string;
  /** A longer time between two rows is a gap, which no window crosses. */
  readonly maxGapMs: number;
}

const WHO = "The service";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Count = Type.Integer({ minimum: 0 });
const Readings = Type.Array(Type.Array(Nullable(Type.Number())));

const ManifestSchema = Type.Object({
  timesteps: Type.Integer({ minimum: 1 }),
  features: Type.Array(Type.Object({ name: Type.String() }), { minItems: 1 }),
  data: Type.Optional(
    Type.Object({
      time: Type.Optional(Nullable(Type.Object({ stepMs: Type.Optional(Nullable(Type.Number())) }))),
      reading: Type.Optional(Type.Object({ resample: Type.Optional(Type.Number()) })),
    }),
  ),
});

const EventSchema = Type.Object({
  start: Count,
  end: Count,
  peak: Count,
  score: Type.Number(),
  open: Type.Boolean(),
  features: Type.Array(Type.Object({ name: Type.String(), share: Type.Number() })),
});

/** What is read of an answer; rows are rows of the stream. */
const ScoresSchema = Type.Object({
  model: Type.Object({ name: Type.String(), version: Type.String(), sha256: Type.String() }),
  threshold: Nullable(Type.Object({ value: Type.Number() })),
  timesteps: Type.Object({
    from: Count,
    final: Count,
    score: Type.Array(Nullable(Type.Number())),
    anomalous: Type.Array(Nullable(Type.Boolean())),
    bounds: Type.Optional(Nullable(Type.Object({ lower: Readings, upper: Readings }))),
  }),
  events: Type.Array(EventSchema),
  drift: Nullable(
    Type.Object({
      moved: Type.Boolean(),
      since: Nullable(Count),
      pValue: Type.Number(),
      share: Type.Number(),
    }),
  ),
  continuation: Type.String({ minLength: 1 }),
});
export type StreamScores = Static<typeof ScoresSchema>;
export type StreamEvent = Static<typeof EventSchema>;

const manifestCheck = TypeCompiler.Compile(ManifestSchema);
const scoresCheck = TypeCompiler.Compile(ScoresSchema);

export class ServiceClient {
  readonly #options: ServiceOptions;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** What the model takes. @throws InputError where the service refuses or has no such model; LaterError. */
  async describe(signal: AbortSignal): Promise<WatchedModel> {
    const { model, version } = this.#options;
    const place = `/v1/models/${encodeURIComponent(model)}`;
    const manifest = await this.#ask(version === undefined ? place : `${place}/versions/${version}`, signal);
    if (!manifestCheck.Check(manifest)) throw this.#odd();
    const { timesteps, features, data } = manifest;
    return {
      timesteps,
      features: features.map(({ name }) => name),
      stepMs: data?.time?.stepMs ?? undefined,
      isResampled: data?.reading?.resample !== undefined,
    };
  }

  /**
   * Scores the next rows of a stream.
   *
   * @throws StreamLostError; InputError where the service refuses for another reason; LaterError.
   */
  async score(
    { rows, columns, continuation, maxGapMs }: ScoreRequest,
    signal: AbortSignal,
  ): Promise<StreamScores> {
    const { model, version } = this.#options;
    const query = version === undefined ? "" : `?version=${version}`;
    const answer = await this.#ask(`/v1/models/${encodeURIComponent(model)}/score${query}`, signal, {
      columns,
      series: rows.map(({ readings }) => readings),
      timestamps: rows.map(({ ms }) => ms),
      timeUnit: "ms",
      include: ["bounds"],
      maxGapMs,
      continuation,
    });
    if (!scoresCheck.Check(answer) || !isConsistent(answer, columns.length)) throw this.#odd();
    return answer;
  }

  async #ask(path: string, signal: AbortSignal, body?: object): Promise<unknown> {
    const { url, token } = this.#options;
    const { status, text } = await call(url + path, {
      who: WHO,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      signal,
    });
    const answer = parseAnswer(text);
    if (status === 200) return answer;
    const { code, detail } = (answer ?? {}) as { code?: unknown; detail?: unknown };
    if (code === "CONTINUATION_INVALID") throw new StreamLostError(String(detail));
    if (status === 401) {
      throw new InputError(
        "The service lets nobody in without its token: set RESIDUA_API_TOKEN as it is set there.",
      );
    }
    throw new InputError(
      `The service refuses${typeof detail === "string" ? `: ${detail}` : ` with ${status}${excerpt(text)}.`}`,
    );
  }

  #odd(): InputError {
    return new InputError(`What answers at ${this.#options.url} is not a service of this kind.`);
  }
}

/** Whether the columns of an answer have the same rows, and as many features as were sent. */
function isConsistent({ timesteps }: StreamScores, features: number): boolean {
  const { score, anomalous, bounds } = timesteps;
  const isWhole = (side: Static<typeof Readings>): boolean =>
    side.length === score.length && side.every((row) => row.length === features);
  return (
    anomalous.length === score.length && (bounds == null || (isWhole(bounds.lower) && isWhole(bounds.upper)))
  );
}
