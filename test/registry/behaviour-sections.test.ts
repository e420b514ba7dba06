/** The sections `alarms` and `drift` of a manifest. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError } from "../../src/errors.js";
import { decodeBehaviour, encodeBehaviour } from "../../src/registry/behaviour-sections.js";
import { publishBundle, readBundle } from "../../src/registry/bundle.js";
import type { Section } from "../../src/registry/manifest.js";
import type { NormalBehaviour } from "../../src/scoring/normal-behaviour.js";
import { makeContents, temporaryFolder } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";

const BEHAVIOUR: NormalBehaviour = {
  stepMs: 60_000,
  falseAlarms: "30/week",
  scorers: {
    squared: {
      alarms: {
        k: 2,
        n: 3,
        rows: 4000,
        normal: { median: 0.1, upper: 0.3 },
        table: [
          [3, 0],
          [2, 4],
          [1, 9],
        ],
      },
      errorLimit: 0.4,
      drift: { blockRows: 4, blocks: 900, mean: 0.5, deviation: 0.2, correlation: 0.3, range: [0.1, 0.9] },
    },
  },
};

test("what a model knows of normal rows is read as it was published", async (t) => {
  const contents = await makeContents(new ReferenceEngine());
  for (const behaviour of [
    BEHAVIOUR,
    { ...BEHAVIOUR, stepMs: undefined, falseAlarms: "1.5/1000rows" },
    {
      stepMs: 1,
      falseAlarms: undefined,
      scorers: { squared: { ...BEHAVIOUR.scorers.squared!, drift: undefined } },
    },
    undefined,
  ]) {
    const sections = encodeBehaviour(behaviour);
    const { folder } = await publishBundle(await temporaryFolder(t), "pump", { ...contents, sections });
    assert.deepEqual((await readBundle(folder)).behaviour, behaviour);
  }
});

/** The sections as a program would read them from a file, with some of them changed. */
function sectionsWith(change: (alarms: Record<string, unknown>, drift: Record<string, unknown>) => void) {
  const sections = JSON.parse(JSON.stringify(encodeBehaviour(BEHAVIOUR)));
  change(sections.alarms, sections.drift);
  return new Map<string, Section>(Object.entries(sections));
}

test("sections of a newer version are passed over, and so are scorers that are not known", () => {
  assert.equal(
    decodeBehaviour(
      sectionsWith((alarms) => Object.assign(alarms, { version: 2 })),
      "squared",
    ),
    undefined,
  );
  const newerDrift = decodeBehaviour(
    sectionsWith((_, drift) => Object.assign(drift, { version: 2 })),
    "squared",
  );
  assert.equal(newerDrift!.scorers.squared!.drift, undefined);
  const more = sectionsWith((alarms, drift) => {
    for (const { scorers } of [alarms, drift] as { scorers: Record<string, unknown> }[]) {
      scorers["median"] = scorers["squared"];
    }
  });
  assert.deepEqual(decodeBehaviour(more, "squared"), BEHAVIOUR);
});

test("sections that contradict themselves refuse the bundle with a sentence", () => {
  const squared = (section: Record<string, unknown>) =>
    (section["scorers"] as Record<string, Record<string, unknown>>)["squared"]!;
  for (const [change, sentence] of [
    [(a: Record<string, unknown>) => delete a["scorers"], /"alarms" .* does not fit its schema \(\/scorers/],
    [
      (a: Record<string, unknown>) => Object.assign(a, { falseAlarms: "often" }),
      /does not fit .*\/falseAlarms/,
    ],
    [
      (a: Record<string, unknown>) => Object.assign(a, { falseAlarms: "1/week" }),
      /cannot keep 1\/week: .*4000/,
    ],
    [(a: Record<string, unknown>) => Object.assign(a, { stepMs: null }), /cannot keep 30\/week/],
    [(a: Record<string, unknown>) => Object.assign(a, { scorers: {} }), /cannot keep 30\/week: .*no alarms/],
    [(a: Record<string, unknown>) => Object.assign(squared(a), { begin: { k: 4, n: 3 } }), /need 4 of 3/],
    [(a: Record<string, unknown>) => Object.assign(squared(a), { begin: { k: 1, n: 33 } }), /does not fit/],
    [(a: Record<string, unknown>) => Object.assign(squared(a), { table: [] }), /does not fit/],
    [
      (a: Record<string, unknown>) =>
        Object.assign(squared(a), {
          table: [
            [1, 0],
            [2, 4],
          ],
        }),
      /do not go down/,
    ],
    [
      (a: Record<string, unknown>) =>
        Object.assign(squared(a), {
          table: [
            [2, 4],
            [1, 3],
          ],
        }),
      /fewer events/,
    ],
    [
      (_: Record<string, unknown>, d: Record<string, unknown>) =>
        Object.assign(squared(d), { correlation: 1 }),
      /"drift" .* does not fit its schema \(\/scorers\/squared\/correlation/,
    ],
    [
      (_: Record<string, unknown>, d: Record<string, unknown>) => Object.assign(squared(d), { blockRows: 0 }),
      /"drift" .* does not fit/,
    ],
  ] as const) {
    assert.throws(
      () => decodeBehaviour(sectionsWith(change), "squared"),
      (error) => error instanceof InputError && sentence.test(error.message),
      String(sentence),
    );
  }
});
