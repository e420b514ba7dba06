/** Checks requests against the schemas of their routes. Nothing is coerced, dropped or filled in. */
import type { TSchema } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { FastifySchemaCompiler } from "fastify";
import { checkMembers } from "./json-body.js";

const readByRoute = new WeakSet<TSchema>();

/**
 * Marks the schema of a body that its route reads and checks itself: it is used for the OpenAPI document
 * alone.
 */
export function readByItsRoute<T extends TSchema>(schema: T): T {
  readByRoute.add(schema);
  return schema;
}

export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  if (readByRoute.has(schema)) return (value) => ({ value });
  const check = TypeCompiler.Compile(schema);
  const what = httpPart === "querystring" ? "query" : (httpPart ?? "request");
  return (value) => {
    if (check.Check(value)) return { value };
    try {
      checkMembers(check, value, what);
      return { value };
    } catch (error) {
      return { error: error as Error };
    }
  };
};
