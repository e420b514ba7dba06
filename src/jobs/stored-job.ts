/** Checks what a store gives back of a job: others can write there too. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { ERRORS, type ErrorCode } from "../errors.js";
import { MODEL_NAME_PATTERN } from "../registry/manifest.js";
import type { JobEnd, JobNote, JobOrder } from "./job.js";
import { JOB_ID_PATTERN } from "./job-id.js";

const Time = Type.String({ minLength: 20, maxLength: 40 });
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Literals = <const T extends string>(names: readonly T[]) =>
  Type.Union(names.map((name) => Type.Literal(name)));

const OrderSchema = Type.Object({
  id: Type.String({ pattern: JOB_ID_PATTERN }),
  kind: Literals(["train", "renew"]),
  // It becomes part of a path.
  model: Type.String({ pattern: MODEL_NAME_PATTERN }),
  options: Type.Record(Type.String(), Type.String()),
  form: Literals(["table", "series"]),
  createdAt: Time,
});

const NoteSchema = Type.Union([
  Type.Object({ type: Type.Literal("started"), at: Time }),
  Type.Object({ type: Type.Literal("data"), data: Type.Object({ rows: Type.Integer() }) }),
  Type.Object({ type: Type.Literal("warning"), sentence: Type.String() }),
  Type.Object({
    type: Type.Literal("progress"),
    progress: Type.Object({
      epoch: Type.Integer(),
      epochs: Type.Integer(),
      // JSON has no number for a loss that is not finite.
      loss: Nullable(Type.Number()),
      validationLoss: Nullable(Type.Number()),
      fold: Nullable(Type.Object({ number: Type.Integer(), of: Type.Integer() })),
    }),
  }),
]);

const EndSchema = Type.Object({
  state: Literals(["done", "failed", "cancelled"]),
  endedAt: Time,
  version: Nullable(Type.String({ pattern: "^[1-9][0-9]{0,15}$" })),
  failure: Nullable(
    Type.Object({
      code: Literals(Object.keys(ERRORS) as ErrorCode[]),
      detail: Type.String(),
      errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
    }),
  ),
});

/** A reader of JSON texts of one form; it gives undefined for any other text. */
export function reader<Schema extends TSchema, Value = Static<Schema>>(
  schema: Schema,
): (json: string) => Value | undefined {
  const check = TypeCompiler.Compile(schema);
  return (json) => {
    try {
      const value: unknown = JSON.parse(json);
      return check.Check(value) ? (value as Value) : undefined;
    } catch {
      return undefined;
    }
  };
}

/** What was ordered, out of JSON; undefined where the text is no order. */
export const parseOrder = reader<typeof OrderSchema, JobOrder>(OrderSchema);
/** What a worker has noted, out of JSON; undefined where the text is no note. */
export const parseNote = reader<typeof NoteSchema, JobNote>(NoteSchema);
const parseWholeEnd = reader<typeof EndSchema, JobEnd>(EndSchema);

/** How a job ended, out of JSON. Where the text does not say it, the job counts as failed: it has ended all the same. */
export function parseEnd(json: string): JobEnd {
  return parseWholeEnd(json) ?? UNREADABLE_END;
}

const UNREADABLE_END: JobEnd = {
  state: "failed",
  endedAt: new Date(0).toISOString(),
  version: null,
  failure: { code: "INTERNAL", detail: "What is stored of how the job ended cannot be read." },
};
