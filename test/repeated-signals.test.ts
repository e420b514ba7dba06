import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { onRepeatedSignals } from "../src/repeated-signals.js";

/** Watches two signals that nothing else uses, with a clock that the test sets. */
function watched(t: TestContext) {
  const heard: string[] = [];
  const clock = { ms: 5000 };
  const dispose = onRepeatedSignals(["SIGCONT", "SIGWINCH"], {
    onFirst: (signal) => heard.push(`first ${signal}`),
    onLater: (signal) => heard.push(`later ${signal}`),
    nowMs: () => clock.ms,
  });
  t.after(dispose);
  const send = (signal: NodeJS.Signals, atMs: number): void => {
    clock.ms = 5000 + atMs;
    process.emit(signal, signal);
  };
  return { heard, send, dispose };
}

test("signals within a second of the first are the same one, whichever they are", (t) => {
  const { heard, send } = watched(t);
  send("SIGCONT", 0);
  send("SIGCONT", 1);
  send("SIGWINCH", 999);
  assert.deepEqual(heard, ["first SIGCONT"]);
});

test("every signal from a second after the first on is a later one", (t) => {
  const { heard, send } = watched(t);
  send("SIGWINCH", 0);
  send("SIGCONT", 500);
  send("SIGCONT", 1000);
  send("SIGWINCH", 1001);
  assert.deepEqual(heard, ["first SIGWINCH", "later SIGCONT", "later SIGWINCH"]);
});

test("nothing is heard once watching has ended", (t) => {
  const before = process.listenerCount("SIGWINCH");
  const { heard, send, dispose } = watched(t);
  assert.equal(process.listenerCount("SIGWINCH"), before + 1);
  dispose();
  send("SIGWINCH", 0);
  assert.deepEqual(heard, []);
  assert.equal(process.listenerCount("SIGWINCH"), before);
});
