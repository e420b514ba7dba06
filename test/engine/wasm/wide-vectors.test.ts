/** The kernels for wide vectors: results must be the same bits as with narrow ones. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { buildNetwork } from "../../../src/network/architectures.js";
import { answersOf, wideAndNarrow } from "./wide-and-narrow.js";

const NETWORKS = [1, 4, 5, 12, 15, 16, 30].flatMap((units) =>
  (["relu", "tanh"] as const).map((activation) =>
    buildNetwork({ family: "composite", timesteps: 5, horizon: 2, features: 3, units: [units], activation }),
  ),
);
const COUNTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 16, 36, 37];

test("every number of rows and tiles gives the same bits with wide and narrow vectors", async () => {
  const { wide, narrow } = await wideAndNarrow("inference", (kernels) =>
    answersOf(kernels, NETWORKS, COUNTS),
  );
  // Not deepEqual of all, whose message would list every number that differs.
  const differ = narrow.flatMap((answer, n) => (isDeepStrictEqual(wide[n], answer) ? [] : [n]));
  assert.deepEqual(differ, []);
});
