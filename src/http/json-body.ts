/** Parses JSON bodies and checks them against schemas, without coercing anything. */
import type { Static, TSchema } from "@sinclair/typebox";
import type { TypeCheck } from "@sinclair/typebox/compiler";
import { ResiduaError, type Violation } from "../errors.js";
import { findJsonFault } from "./json-fault.js";
import { escapePointer } from "./json-pointer.js";
import { describe, explainFaults } from "./schema-faults.js";

export { describe, escapePointer };

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
    const { line, column, position, pointer, reason } = fault;
    const where = `line ${line}, column ${column} (character ${position})`;
    throw new ResiduaError("INVALID_JSON", `The body is not JSON at ${where}: ${reason}.`, {
      violations: pointer === undefined ? [] : [{ path: pointer, message: reason }],
    });
  }
}

/** The value as an object. @throws ResiduaError INVALID_REQUEST where it is anything else. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw invalid([{ path: "", message: `must be an object, not ${describe(value)}` }]);
}

/**
 * Refuses numbers that a double cannot hold (`1e999`).
 *
 * @param depth how many levels of members of `value` are looked at.
 * @throws ResiduaError NON_FINITE_VALUE
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

export const NOT_FINITE = "is a number that a double cannot hold; send null for a missing reading";

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

/**
 * An error for readings that do not have the shape of the model's windows.
 *
 * @param found the beginning of a sentence that says which shape there is.
 */
export function wrongShape(
  { model, timesteps, features }: { model: string; timesteps: number; features: number },
  found: string,
  violations: readonly Violation[],
): ResiduaError {
  return new ResiduaError(
    "SHAPE_MISMATCH",
    `${found}; ${model} takes windows of shape [${timesteps}, ${features}] (timesteps, features).`,
    { violations },
  );
}

/** The most faults that one answer lists. */
export const MAX_VIOLATIONS = 10;

/**
 * Checks members against a schema.
 *
 * @param what names what is checked, for the message, where that is not the body.
 * @param beside known members that the schema does not have, since they are checked elsewhere.
 * @throws ResiduaError NON_FINITE_VALUE, INVALID_REQUEST, with JSON pointers.
 */
export function checkMembers<T extends TSchema>(
  check: TypeCheck<T>,
  members: unknown,
  what = "",
  beside: readonly string[] = [],
): Static<T> {
  refuseNonFinite(members, "", 2);
  if (check.Check(members)) return members;
  const violations: Violation[] = [];
  for (const violation of explainFaults(check.Errors(members), beside)) {
    violations.push(violation);
    if (violations.length === MAX_VIOLATIONS) break;
  }
  throw invalid(violations, what);
}

/** "/windows/3/7/0 must be a number (and 2 more)." */
function sentence(violations: readonly Violation[]): string {
  const [first, ...others] = violations;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return `${first?.path || "The body"} ${first?.message ?? "does not fit"}${more}.`;
}
