/** Requests against their routes' schemas: nothing is coerced, nothing is dropped, nothing filled in. */
import type { TSchema } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { FastifySchemaCompiler } from "fastify";
import { checkMembers } from "./json-body.js";

/** A body that its route takes as bytes is checked where it is read. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = TypeCompiler.Compile(schema);
  const what = httpPart === "querystring" ? "query" : (httpPart ?? "request");
  return (value) => {
    if (value instanceof Uint8Array || check.Check(value)) return { value };
    try {
      checkMembers(check, value, what);
      return { value };
    } catch (error) {
      return { error: error as Error };
    }
  };
};
