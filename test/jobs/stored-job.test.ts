/** What stands in a store is read as a job where it is one, and is nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JobEnd, JobNote, JobOrder } from "../../src/jobs/job.js";
import { parseEnd, parseNote, parseOrder } from "../../src/jobs/stored-job.js";

const ORDER: JobOrder = {
  id: "00mwxotm7m9ua7rpcy8c5qbv",
  kind: "train",
  model: "pump",
  options: { epochs: "3" },
  form: "table",
  createdAt: "2024-01-01T00:00:00.000Z",
};

test("orders, notes and ends come back as they were", () => {
  assert.deepEqual(parseOrder(JSON.stringify(ORDER)), ORDER);
  const progress = { epoch: 1, epochs: 3, loss: 0.5, validationLoss: null, fold: { number: 1, of: 3 } };
  const notes: JobNote[] = [
    { type: "started", at: ORDER.createdAt },
    { type: "warning", sentence: "few rows" },
    { type: "progress", progress },
  ];
  for (const note of notes) assert.deepEqual(parseNote(JSON.stringify(note)), note);
  const failure = {
    code: "INVALID_DATA",
    detail: "no",
    errors: [{ path: "line 3", message: "no" }],
  } as const;
  const ends: JobEnd[] = [
    { state: "done", endedAt: ORDER.createdAt, version: "12", failure: null },
    { state: "failed", endedAt: ORDER.createdAt, version: null, failure },
  ];
  for (const end of ends) assert.deepEqual(parseEnd(JSON.stringify(end)), end);
});

test("what could lead elsewhere is no order", () => {
  for (const wrong of [
    { model: "../../etc" },
    { model: "a/b" },
    { id: "../x" },
    { id: "00MWXOTM7M9UA7RPCY8C5QBV" },
    { options: { epochs: 3 } },
    { kind: "delete" },
    { form: "exe" },
    { createdAt: 1 },
  ]) {
    assert.equal(parseOrder(JSON.stringify({ ...ORDER, ...wrong })), undefined, JSON.stringify(wrong));
  }
  for (const end of [
    '{"state":"done","endedAt":"2024-01-01T00:00:00.000Z","version":"../1","failure":null}',
    '{"state":"failed","endedAt":"2024-01-01T00:00:00.000Z","version":null,"failure":{"code":"toString","detail":""}}',
  ]) {
    const { state, version, failure } = parseEnd(end);
    assert.deepEqual([state, version, failure?.code], ["failed", null, "INTERNAL"]);
  }
});

test("any other text is none, and none throws", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((json) => json.slice(0, -1)),
      ),
      (text) => {
        for (const parse of [parseOrder, parseNote]) assert.equal(parse(text), undefined);
        assert.equal(parseEnd(text).failure?.code, "INTERNAL");
      },
    ),
  );
});
