/** The schema of a model in listings. */
import { type TSchema, Type } from "@sinclair/typebox";
import { VERSION_STATES } from "../registry/version-entry.js";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const ModelListingSchema = Type.Object({
  name: Type.String(),
  aliases: Type.Record(Type.String(), Type.String()),
  versions: Type.Array(
    Type.Object({
      version: Type.String(),
      state: Type.Union(VERSION_STATES.map((state) => Type.Literal(state))),
      sha256: Nullable(Type.String({ description: "Of the version's manifest.json" })),
      engine: Nullable(Type.String()),
      device: Nullable(Type.String()),
      reason: Nullable(Type.String({ description: "Why it is refused" })),
    }),
    { description: "Newest first" },
  ),
  reason: Nullable(
    Type.String({
      description: "What is wrong with the model's folder or its aliases; those of before hold on",
    }),
  ),
});
