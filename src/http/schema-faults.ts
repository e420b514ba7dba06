/** What is wrong with a value by its schema, for the person who sent it: what it is, and what it may be. */
import type { TSchema } from "@sinclair/typebox";
import { type ValueError, ValueErrorType } from "@sinclair/typebox/errors";
import type { Violation } from "../errors.js";

/** How much of a text that was sent is repeated in a message. */
const MOST_SHOWN = 40;

/**
 * The faults that a check found, one for each place.
 *
 * @param beside members that are known at the top too, though the schema does not have them.
 */
export function* explainFaults(
  errors: Iterable<ValueError>,
  beside: readonly string[] = [],
): Generator<Violation, void> {
  let last: string | undefined;
  for (const error of errors) {
    // A member that is missing is also not of its type.
    if (error.path === last) continue;
    last = error.path;
    yield* explain(error, beside);
  }
}

function* explain(error: ValueError, beside: readonly string[]): Generator<Violation, void> {
  const { type, schema, path, value, errors } = error;
  if (type === ValueErrorType.ObjectAdditionalProperties) {
    const isTop = path.lastIndexOf("/") === 0;
    const known = [...(isTop ? beside : []), ...Object.keys(schema["properties"] as object)];
    yield { path, message: `is not a known member; known are ${known.join(", ")}` };
  } else if (type === ValueErrorType.ObjectRequiredProperty) {
    yield { path, message: `is missing; it must be ${requirement(schema)}` };
  } else if (type === ValueErrorType.Union && isObject(value)) {
    const variants = schema["anyOf"] as readonly TSchema[];
    const keys = Object.keys(value);
    const meant = [...variants.keys()].filter((i) => {
      const { properties = {} } = variants[i]!;
      return keys.some((key) => Object.hasOwn(properties, key));
    });
    if (meant.length === 1) yield* explainFaults(errors[meant[0]!]!);
    else yield { path, message: `must be ${requirement(schema)}; it has ${listed(keys)}` };
  } else {
    yield { path, message: `must be ${requirement(schema)}, not ${describe(value)}` };
  }
}

/** What a schema asks for: `a number above 0 and below 1`. */
function requirement(schema: TSchema): string {
  if ("const" in schema) return JSON.stringify(schema["const"]);
  if (Array.isArray(schema["anyOf"])) return oneOf(schema["anyOf"] as readonly TSchema[]);
  switch (schema["type"]) {
    case "array":
      return schema["minItems"] > 0 ? "an array that is not empty" : "an array";
    case "object":
      return "an object";
    case "boolean":
      return "true or false";
    case "string": {
      const { examples, pattern } = schema;
      if (Array.isArray(examples)) return `a string such as ${examples.map(describe).join(" or ")}`;
      return pattern === undefined ? "a string" : `a string of the form ${pattern}`;
    }
    case "integer":
      return `a whole number${bounds(schema)}`;
    case "number":
      return `a number${bounds(schema)}`;
    default:
      return "of another type";
  }
}

function oneOf(schemas: readonly TSchema[]): string {
  if (schemas.every((schema) => "const" in schema)) return `one of ${schemas.map(requirement).join(", ")}`;
  const objects = schemas.filter(({ type }) => type === "object");
  if (objects.length < schemas.length) return schemas.map(requirement).join(" or ");
  return `an object with one of ${objects.flatMap(({ properties }) => Object.keys(properties)).join(", ")}`;
}

function bounds({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: TSchema): string {
  const sides = [
    minimum === undefined ? "" : `of at least ${minimum}`,
    exclusiveMinimum === undefined ? "" : `above ${exclusiveMinimum}`,
    maximum === undefined ? "" : `of at most ${maximum}`,
    exclusiveMaximum === undefined ? "" : `below ${exclusiveMaximum}`,
  ].filter((side) => side !== "");
  return sides.length === 0 ? "" : ` ${sides.join(" and ")}`;
}

/** The first of the keys that were sent. */
export function listed(keys: readonly string[]): string {
  return keys.slice(0, 5).map(describe).join(", ") || "no member";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value that was sent, for messages: short ones as they are, the type of others. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  switch (typeof value) {
    case "object":
      return value === null ? "null" : "an object";
    case "string":
      return JSON.stringify(value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN)}…` : value);
    case "number":
    case "boolean":
      return String(value);
    default:
      return "nothing";
  }
}
