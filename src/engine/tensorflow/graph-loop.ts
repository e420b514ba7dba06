/** A loop in a graph. */
import type { Result, Scope } from "./graph-builder.js";
import { defineFunction } from "./graph-builder.js";
import { add, less } from "./graph-ops.js";

/**
 * Runs `body` for round = 0 .. rounds - 1.
 * @param variables the round (an int32 scalar), then what a round reads and gives to the next one.
 */
export function whileLoop(
  scope: Scope,
  name: string,
  rounds: number,
  variables: readonly Result[],
  body: (inner: Scope, round: Result, parameters: readonly Result[]) => readonly Result[],
): Result[] {
  const types = variables.map(({ type }) => type);
  const cond = defineFunction(scope, `${name}_cond`, types, (inner, [round]) => [
    less(inner, round!, inner.constant("int32", [], [rounds])),
  ]);
  const next = defineFunction(scope, `${name}_body`, types, (inner, [round, ...parameters]) => [
    add(inner, round!, inner.constant("int32", [], [1])),
    ...body(inner, round!, parameters),
  ]);
  return scope.addMany(
    {
      op: "StatelessWhile",
      output: "output",
      attributes: {
        T: { types },
        cond: { function: cond },
        body: { function: next },
        output_shapes: { shapes: variables.map(({ type }) => (type === "int32" ? [] : undefined)) },
      },
    },
    variables,
    types,
    `${name}/while`,
  );
}
