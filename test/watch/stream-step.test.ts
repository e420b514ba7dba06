/** From answers to what is written and told, with answers made by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { StreamEvent, StreamScores } from "../../src/watch/service-client.js";
import { nextState, type StreamSettings } from "../../src/watch/stream-step.js";
import { MOST_MESSAGES, type WatchState } from "../../src/watch/watch-state.js";

const SETTINGS: StreamSettings = {
  model: "pump",
  features: ["flow"],
  stepMs: 1000,
  settleRows: 0,
  labels: {},
  queries: [["flow", "flow"]],
};
/** T - 1 of the model that answers. */
const PROVISIONAL = 3;

function eventFrom(start: number, end: number, open = false): StreamEvent {
  return { start, end, peak: end, score: 2, open, features: [{ name: "flow", share: 1 }] };
}

interface Answered {
  readonly from: number;
  /** Rows of the stream so far. */
  readonly rows: number;
  readonly events?: readonly StreamEvent[];
  readonly drift?: StreamScores["drift"];
}

function answerOf({ from, rows, events = [], drift = null }: Answered): StreamScores {
  const score = Array.from({ length: rows - from }, (_, at) => from + at);
  return {
    model: { name: "pump", version: "1", sha256: "00" },
    threshold: { value: 0.5 },
    timesteps: {
      from,
      final: Math.max(0, rows - PROVISIONAL - from),
      score,
      anomalous: score.map(() => false),
    },
    events: [...events],
    drift,
    continuation: `c${rows}`,
  };
}

/** The states after answers, of a stream that begins with 10 rows, of which the last is told. */
function statesAfter(answers: readonly Answered[], settings = SETTINGS): WatchState[] {
  const states: WatchState[] = [];
  for (const answer of answers) {
    const before = states.at(-1);
    const first = before === undefined ? 0 : before.stream.rows;
    const timesMs = Array.from({ length: answer.rows - first }, (_, at) => (first + at) * 1000);
    const sinceMs = before === undefined ? 8000 : undefined;
    states.push(nextState(settings, before, { answer: answerOf(answer), timesMs, sinceMs }).state);
  }
  return states;
}

/** What was told, one after the other: state, start and end in seconds, and the message's id. */
function told(state: WatchState | undefined): [state: string, start: number, end: number, id: string][] {
  return (state?.unsent ?? []).map(({ id, body }) => {
    const { state: what, start, end } = body["event"] as { state: string; start: string; end: string };
    return [what, Date.parse(start) / 1000, Date.parse(end) / 1000, id];
  });
}

test("what is written are the rows after those of the history, each once", () => {
  const states = statesAfter([
    { from: 0, rows: 10 },
    { from: 7, rows: 12 },
    { from: 9, rows: 13 },
  ]);
  assert.deepEqual(
    states.at(-1)?.unwritten.map(({ ms, score }) => [ms, score]),
    [9, 10, 11, 12].map((row) => [row * 1000, row]),
  );
});

test("rows that have to settle wait for those after them, at most until they are final", () => {
  for (const [settleRows, last] of [
    [2, 10],
    [3, 9],
    [1000, 9],
  ] as const) {
    const [, second] = statesAfter(
      [
        { from: 0, rows: 10 },
        { from: 7, rows: 13 },
      ],
      { ...SETTINGS, settleRows },
    );
    assert.equal(second?.unwritten.at(-1)?.ms, last * 1000);
  }
});

test("an event is told when it begins and when it has ended, by the id that it had first", () => {
  const states = statesAfter([
    { from: 0, rows: 10, events: [eventFrom(2, 5)] },
    { from: 7, rows: 12, events: [eventFrom(10, 11, true)] },
    { from: 9, rows: 13, events: [eventFrom(9, 12, true)] },
    { from: 10, rows: 18, events: [eventFrom(9, 13)] },
    { from: 15, rows: 19 },
    { from: 16, rows: 20 },
  ]);
  assert.deepEqual(told(states.at(-1)), [
    ["began", 10, 11, "pump-10000-11000-began"],
    ["ended", 9, 13, "pump-10000-11000-ended"],
  ]);
  assert.deepEqual(states.at(-1)?.events, []);
  assert.deepEqual(states.at(-1)!.unsent[0]!.body["model"], { name: "pump", version: "1", sha256: "00" });
});

test("what is watched with other labels has other ids, the same ones each time", () => {
  const answers = [
    { from: 0, rows: 10 },
    { from: 7, rows: 12, events: [eventFrom(10, 11)], drift: { moved: true, since: 3, pValue: 0, share: 1 } },
  ];
  const idsWith = (labels: Record<string, string>): string[] =>
    statesAfter(answers, { ...SETTINGS, labels })
      .at(-1)!
      .unsent.map(({ id }) => id);
  const north = idsWith({ site: "north" });
  assert.match(north[0]!, /^pump-[0-9a-f]{8}-10000-11000-began$/);
  assert.deepEqual(idsWith({ site: "north" }), north);
  const all = [...north, ...idsWith({ site: "south" }), ...idsWith({})];
  assert.equal(new Set(all).size, 6);
});

test("an event of which no row is final any more, and that is gone, is withdrawn", () => {
  const states = statesAfter([
    { from: 0, rows: 10 },
    { from: 7, rows: 12, events: [eventFrom(10, 11, true)] },
    { from: 9, rows: 13 },
  ]);
  assert.deepEqual(
    told(states.at(-1)).map(([state]) => state),
    ["began", "withdrawn"],
  );
});

test("two events that become one are one event, and another that ends", () => {
  const states = statesAfter([
    { from: 0, rows: 10 },
    { from: 7, rows: 14, events: [eventFrom(8, 9), eventFrom(12, 13, true)] },
    { from: 11, rows: 15, events: [eventFrom(8, 14, true)] },
    { from: 12, rows: 16, events: [eventFrom(8, 15, true)] },
  ]);
  assert.deepEqual(
    told(states.at(-1)).map(([state, start]) => [state, start]),
    [
      ["began", 8],
      ["began", 12],
      ["withdrawn", 12],
    ],
  );
});

test("events wait until their rows have settled, and those of the history are never told", () => {
  const answers = [
    { from: 0, rows: 10, events: [eventFrom(6, 8)] },
    { from: 7, rows: 12, events: [eventFrom(6, 8), eventFrom(11, 11, true)] },
    { from: 9, rows: 14, events: [eventFrom(11, 13, true)] },
    { from: 11, rows: 15, events: [eventFrom(11, 13)] },
  ];
  const states = statesAfter(answers, { ...SETTINGS, settleRows: 3 });
  assert.deepEqual(
    states.map((state) => told(state).length),
    [0, 0, 0, 1],
  );
});

test("a level that has moved is told once", () => {
  const drift = { moved: true, since: 11, pValue: 0.001, share: 0.4 };
  const states = statesAfter([
    { from: 0, rows: 10, drift: { ...drift, moved: false, since: null } },
    { from: 7, rows: 12, drift },
    { from: 9, rows: 13, drift: { ...drift, moved: false, since: null } },
    { from: 10, rows: 14, drift },
  ]);
  assert.deepEqual(
    states.at(-1)?.unsent.map(({ id, body }) => [id, body["event"], body["drift"]]),
    [
      [
        "pump-11000-drift",
        null,
        { moved: true, since: "1970-01-01T00:00:11.000Z", pValue: 0.001, share: 0.4 },
      ],
    ],
  );
});

test("of too many messages that wait, the oldest are dropped, and counted", () => {
  const [state] = statesAfter([{ from: 0, rows: 10 }]);
  const body = { event: null };
  const full = {
    ...state!,
    unsent: Array.from({ length: MOST_MESSAGES }, (_, at) => ({ id: `m${at}`, body })),
  };
  const answer = answerOf({ from: 7, rows: 12, events: [eventFrom(10, 11)] });
  const next = nextState(SETTINGS, full, { answer, timesMs: [10_000, 11_000], sinceMs: undefined });
  assert.equal(next.dropped, 1);
  assert.equal(next.state.unsent.length, MOST_MESSAGES);
  assert.deepEqual(
    [next.state.unsent[0]!.id, next.state.unsent.at(-1)!.id],
    ["m1", "pump-10000-11000-began"],
  );
});
