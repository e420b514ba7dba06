/** The section `input` of a manifest, without which a network that reads the calendar means nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError } from "../../src/errors.js";
import { publishBundle, readBundle } from "../../src/registry/bundle.js";
import type { BundleContents } from "../../src/registry/bundle-files.js";
import { decodeInput, encodeInput } from "../../src/registry/input-section.js";
import { sectionsOf } from "../../src/registry/manifest.js";
import { loadModel } from "../../src/registry/served-model.js";
import { BERLIN, calendarContents } from "./calendar-contents.js";
import { temporaryFolder } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";

test("a model that reads the calendar is read as it was published, and its golden windows replay", async (t) => {
  const { folder } = await publishBundle(await temporaryFolder(t), "pump", await calendarContents());
  const bundle = await readBundle(folder);
  assert.deepEqual(new Map(sectionsOf(bundle.manifest)).get("input"), {
    version: 1,
    required: true,
    calendar: BERLIN,
  });
  assert.deepEqual(bundle.scoring.calendar, BERLIN);
  assert.equal(bundle.network.covariates, 4);
  assert.equal(bundle.network.features, 2);
  assert.equal(bundle.golden.windows.length, 2 * 4 * 6);
  await (await loadModel(bundle, new ReferenceEngine())).executable.close();
  assert.deepEqual(encodeInput(undefined), {});
});

test("parts are read in the order of the network's inputs, whatever that of the file", () => {
  const input = { version: 1, calendar: { parts: ["weekday", "hour"], timeZone: "Europe/Berlin" } };
  assert.deepEqual(decodeInput(new Map([["input", input]])), BERLIN);
  assert.equal(decodeInput(new Map()), undefined);
});

test("a bundle that contradicts itself is refused", async (t) => {
  const contents = await calendarContents();
  const { input } = contents.sections as { input: object };
  const refused: [Partial<BundleContents>, RegExp][] = [
    [
      { sections: { input: { version: 2, required: true } } },
      /section "input" of version 2 .* does not know/,
    ],
    [{ sections: {} }, /model\.json reads \[4, 6\], the manifest says \[4, 2\]/],
    [
      { sections: { input: { version: 1, calendar: { parts: ["hour"], timeZone: "UTC" } } } },
      /model\.json reads \[4, 6\], the manifest says \[4, 4\]/,
    ],
    [{ sections: { input: { version: 1, calendar: { parts: [] } } } }, /"input" .* does not fit its schema/],
    [
      { sections: { input: { version: 1, calendar: { ...BERLIN, parts: ["month"] } } } },
      /does not fit its schema \(\/calendar\/parts/,
    ],
    [
      { sections: { input: { version: 1, calendar: { ...BERLIN, timeZone: "Mars" } } } },
      /no time zone "Mars"/,
    ],
    [{ sampleBody: { windows: [[]] } }, /sample\.json has no series/],
    [{ sampleBody: { series: (contents.sampleBody as { series: object }).series } }, /timestamps of sample/],
  ];
  for (const [change, sentence] of refused) {
    const changed = { ...contents, sections: { input } as typeof contents.sections, ...change };
    const publishing = publishBundle(await temporaryFolder(t), "pump", changed as BundleContents);
    await assert.rejects(publishing, (error) => error instanceof InputError && sentence.test(error.message));
  }
});
