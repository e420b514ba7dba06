/**
 * What `watch` keeps between two looks, and over its own end: where it is in the stream, and what it still has to hand
 * over. It is one JSON file, replaced as a whole, and written before anything is handed over: so no row is skipped after
 * a crash, and what is handed over twice is the same both times.
 */
import { basename, dirname, resolve } from "node:path";
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { InputError } from "../errors.js";
import { replaceFile } from "../registry/durable-files.js";
import { explain, readRegularFile } from "../registry/folder-files.js";
import { LaterError } from "./http-call.js";
import { MOST_RUNS } from "./stream-times.js";

const FORMAT = "residua-watch";
const VERSION = 1;
const MOST_BYTES = 16 * 1024 * 1024;
/** The times that a Date can have. */
const MOST_MS = 8.64e15;
/** Messages that wait for the webhook. */
export const MOST_MESSAGES = 1000;

const closed = { additionalProperties: false };
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Time = Type.Integer({ minimum: 0, maximum: MOST_MS });
const Row = Type.Integer({ minimum: 0, maximum: 2 ** 50 });
const Label = Type.String({ maxLength: 1000 });

/** What is written of a timestep. */
const ScoredRowSchema = Type.Object(
  {
    ms: Time,
    score: Nullable(Type.Number()),
    anomalous: Nullable(Type.Boolean()),
    threshold: Nullable(Type.Number()),
    /** [F]; null where there are no bounds. */
    lower: Nullable(Type.Array(Nullable(Type.Number()))),
    upper: Nullable(Type.Array(Nullable(Type.Number()))),
  },
  closed,
);

/** A message for the webhook. */
const MessageSchema = Type.Object(
  {
    /** The same each time that it is sent. */
    id: Type.String({ pattern: "^[\\x21-\\x7e]{1,200}$" }),
    body: Type.Record(Type.String(), Type.Unknown()),
  },
  closed,
);

/** An event that has been told, and has not ended. */
const KnownEventSchema = Type.Object(
  {
    id: Type.String({ pattern: "^[\\x21-\\x7e]{1,190}$" }),
    startMs: Time,
    endMs: Time,
    /** As it was seen last. */
    event: Type.Record(Type.String(), Type.Unknown()),
  },
  closed,
);

const StreamSchema = Type.Object(
  {
    continuation: Type.String({ pattern: "^[A-Za-z0-9_-]+$", maxLength: 131_072 }),
    /** How many rows it has so far. */
    rows: Row,
    runs: Type.Array(Type.Tuple([Row, Time]), { minItems: 1, maxItems: MOST_RUNS }),
    /** Events up to this time were there before anyone watched. */
    sinceMs: Time,
    /** Whether it has been told that the normal level moved. */
    isDriftTold: Type.Boolean(),
  },
  closed,
);

const StateSchema = Type.Object(
  {
    format: Type.Literal(FORMAT),
    version: Type.Literal(VERSION),
    /** What it is the state of. */
    of: Type.Object(
      {
        model: Label,
        stepMs: Type.Integer({ minimum: 1 }),
        /** Feature -> PromQL, in the order of the features. */
        queries: Type.Array(Type.Tuple([Label, Type.String()])),
        labels: Type.Array(Type.Tuple([Label, Type.String()])),
      },
      closed,
    ),
    /** The time of the last row that was scored. */
    readMs: Time,
    /** The time of the last row whose score was written, or is in `unwritten`. */
    writtenMs: Time,
    stream: StreamSchema,
    events: Type.Array(KnownEventSchema, { maxItems: 10_000 }),
    unwritten: Type.Array(ScoredRowSchema, { maxItems: 100_000 }),
    unsent: Type.Array(MessageSchema, { maxItems: MOST_MESSAGES }),
  },
  closed,
);

export type WatchState = Static<typeof StateSchema>;
export type ScoredRow = Static<typeof ScoredRowSchema>;
export type Message = Static<typeof MessageSchema>;
export type KnownEvent = Static<typeof KnownEventSchema>;
export type Stream = Static<typeof StreamSchema>;

const check = TypeCompiler.Compile(StateSchema);

/** A state of what is watched now. */
export function newState(members: Omit<WatchState, "format" | "version">): WatchState {
  return { format: FORMAT, version: VERSION, ...members };
}

export interface StateFile {
  /** Undefined where there is none, or none that can be used. */
  readonly state: WatchState | undefined;
  /** Why not, one sentence; undefined where there was no file. */
  readonly problem: string | undefined;
}

/** Reads the file. A file that is damaged, or of a newer release, counts as lost. @throws InputError where it may not be read. */
export async function readState(path: string): Promise<StateFile> {
  const folder = dirname(resolve(path));
  let text: string;
  try {
    const bytes = await readRegularFile(folder, resolve(path), `The state ${path}`, (size) => {
      if (size > MOST_BYTES) throw new InputError(`The state ${path} has ${size} bytes, which is too much.`);
    });
    text = Buffer.from(bytes).toString("utf8");
  } catch (error) {
    const { cause } = error as { cause?: NodeJS.ErrnoException };
    if (cause?.code === "ENOENT") return { state: undefined, problem: undefined };
    throw error;
  }
  const state = parse(text);
  if (check.Check(state) && isConsistent(state)) return { state, problem: undefined };
  const { version } = (typeof state === "object" && state !== null ? state : {}) as { version?: unknown };
  const isNewer = typeof version === "number" && version > VERSION;
  const what = isNewer ? "was written by a newer release" : "is damaged";
  return { state: undefined, problem: `The state ${path} ${what}; watching begins anew.` };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What the schema does not say. */
function isConsistent({ readMs, writtenMs, stream }: WatchState): boolean {
  const increases = stream.runs.every(
    ([row, ms], at) => at === 0 || (row > stream.runs[at - 1]![0] && ms > stream.runs[at - 1]![1]),
  );
  return increases && writtenMs <= readMs && stream.runs.at(-1)![0] < stream.rows;
}

/** Replaces the file. @throws LaterError where that is not possible now. */
export async function writeState(path: string, state: WatchState): Promise<void> {
  const file = resolve(path);
  try {
    await replaceFile(dirname(file), basename(file), Buffer.from(`${JSON.stringify(state)}\n`));
  } catch (error) {
    throw new LaterError(`The state ${path} cannot be written: ${explain(error)}.`);
  }
}
