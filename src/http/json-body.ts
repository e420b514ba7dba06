/** Parses JSON bodies and checks them against schemas, without coercing anything. */
import type { Static, TSchema } from "@sinclair/typebox";
import type { TypeCheck } from "@sinclair/typebox/compiler";
import { ResiduaError, type Violation } from "../errors.js";
import { findJsonFault } from "./json-fault.js";

/**
 * @returns the parsed value; a leading byte order mark is ignored (RFC 8259, section 8.1).
 * @throws ResiduaError INVALID_JSON, saying where.
 */
export function parseJson(body: Uint8Array): unknown {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const decoded = bytes.toString("utf8");
  const text = decoded.charCodeAt(0) === 0xfeff ? decoded.slice(1) : decoded;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (text.trim() === "") throw new ResiduaError("INVALID_JSON", "The body is empty.");
    const fault = findJsonFault(text);
    if (fault === undefined) throw error;
    throw new ResiduaError(
      "INVALID_JSON",
      `The body is not JSON at line ${fault.line}, column ${fault.column} (character ${fault.position}): ${fault.reason}.`,
    );
  }
}

/** The value as an object. Throws ResiduaError INVALID_REQUEST where it is anything else. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw invalid([{ path: "", message: `must be an object, not ${describe(value)}` }]);
}

/**
 * Refuses numbers that a double cannot hold (`1e999`). Throws ResiduaError NON_FINITE_VALUE.
 *
 * @param depth how many levels of members of `value` are looked at.
 */
export function refuseNonFinite(value: unknown, path: string, depth = 1): void {
  if (typeof value === "number" && !Number.isFinite(value)) throw nonFinite([{ path, message: NOT_FINITE }]);
  if (typeof value !== "object" || value === null || depth === 0) return;
  for (const key of Object.keys(value)) {
    const member: unknown = (value as Record<string, unknown>)[key];
    // Paths are made only where they are needed: there may be a hundred thousand members.
    const isOfInterest =
      typeof member === "object" || (typeof member === "number" && !Number.isFinite(member));
    if (isOfInterest) refuseNonFinite(member, `${path}/${escapePointer(key)}`, depth - 1);
  }
}

export const NOT_FINITE = "is a number that a double cannot hold";

/** An error for numbers that a double cannot hold. */
export function nonFinite(violations: readonly Violation[]): ResiduaError {
  return new ResiduaError("NON_FINITE_VALUE", sentence(violations), { violations });
}

/**
 * An error for a request that does not fit its schema.
 *
 * @param what names what was checked, if not the body.
 */
export function invalid(violations: readonly Violation[], what = ""): ResiduaError {
  const where = what === "" ? "" : `In the ${what}: `;
  return new ResiduaError("INVALID_REQUEST", `${where}${sentence(violations)}`, { violations });
}

/** The most faults that one answer lists. */
export const MAX_VIOLATIONS = 10;

/**
 * Checks members against a schema. Throws ResiduaError NON_FINITE_VALUE, INVALID_REQUEST, with JSON pointers.
 *
 * @param what names what is checked, for the message, where that is not the body.
 */
export function checkMembers<T extends TSchema>(check: TypeCheck<T>, members: unknown, what = ""): Static<T> {
  refuseNonFinite(members, "", 2);
  if (check.Check(members)) return members;
  const violations: Violation[] = [];
  for (const { path, message } of check.Errors(members)) {
    violations.push({ path, message: schemaMessage(message) });
    if (violations.length === MAX_VIOLATIONS) break;
  }
  throw invalid(violations, what);
}

function schemaMessage(message: string): string {
  if (message === "Unexpected property") return "is not a known member";
  if (message === "Expected union value") return "does not have one of the allowed forms";
  return message.replace(/^Expected /, "must be ");
}

/** "/windows/3/7/0 must be a number (and 2 more)." */
function sentence(violations: readonly Violation[]): string {
  const [first, ...others] = violations;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return `${first?.path || "The body"} ${first?.message ?? "does not fit"}${more}.`;
}

/** A key as a token of a JSON pointer (RFC 6901). */
export function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The JSON type of a value, for messages: they never quote a body. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  switch (typeof value) {
    case "object":
      return "an object";
    case "string":
      return "a string";
    case "number":
      return "a number";
    case "boolean":
      return "a boolean";
    default:
      return "nothing";
  }
}
