import assert from "node:assert/strict";
import { test } from "node:test";
import { RoomLine } from "../../src/serving/room-line.js";
import { pausedBatcher, targetOf } from "./paused-batcher.js";
import { PausedExecutable, windowsOf } from "./paused-executable.js";

function lineOf() {
  const line = new RoomLine();
  const order: string[] = [];
  const stand = (
    name: string,
    on: PausedExecutable,
    client: object,
    { count = 1, remoteAddress }: { count?: number; remoteAddress?: string } = {},
  ) => {
    const work = { target: targetOf(on), windows: windowsOf(on, count), count };
    const place = {
      work: { ...work, client: { destroyed: false, connection: client, remoteAddress } },
      admit: () => void order.push(name),
    };
    line.push(place);
    return place;
  };
  const drain = () => {
    while (line.first !== undefined) line.shift().admit();
    return order;
  };
  return { line, stand, drain };
}

test("clients of a model take turns, each in the order of its own work", () => {
  const { stand, drain } = lineOf();
  const model = new PausedExecutable();
  const [first, second] = [{}, {}];
  for (const name of ["a1", "a2", "a3"]) stand(name, model, first);
  for (const name of ["b1", "b2"]) stand(name, model, second);
  assert.deepEqual(drain(), ["a1", "b1", "a2", "b2", "a3"]);
});

test("addresses take turns, and the clients of each, so that many connections are not many turns", () => {
  const { line, stand, drain } = lineOf();
  const model = new PausedExecutable();
  const [a1, a2, a3, b] = [{}, {}, {}, {}];
  for (const [name, client] of Object.entries({ a1, a2, a3 })) {
    for (const part of ["first", "second"]) stand(`${name} ${part}`, model, client, { remoteAddress: "A" });
  }
  for (const name of ["b1", "b2", "b3"]) stand(name, model, b, { remoteAddress: "B" });
  line.remove(stand("gone", model, {}, { remoteAddress: "C" }));
  const order = drain();
  assert.deepEqual(order.slice(0, 6), ["a1 first", "b1", "a2 first", "b2", "a3 first", "b3"]);
  assert.deepEqual(order.slice(6), ["a1 second", "a2 second", "a3 second"]);
});

test("models take turns by windows times timesteps", () => {
  const { stand, drain } = lineOf();
  const [short, long] = [new PausedExecutable(2), new PausedExecutable(4)];
  for (const name of ["s1", "s2", "s3", "s4"]) stand(name, short, {});
  for (const name of ["l1", "l2"]) stand(name, long, {});
  assert.deepEqual(drain(), ["s1", "l1", "s2", "s3", "l2", "s4"]);
});

test("who leaves the line is not admitted, and holds nobody up", () => {
  const { line, stand, drain } = lineOf();
  const model = new PausedExecutable();
  const gone = stand("gone", model, {});
  stand("stays", model, {});
  line.remove(gone);
  assert.deepEqual(drain(), ["stays"]);
});

test("work from the line fills a share of the queue only; the rest is for work that cannot wait", async () => {
  const { scheduler, executable, batcher, submit } = pausedBatcher({ maxQueueWindows: 32 });
  void submit(8);
  await scheduler.turn();
  const target = targetOf(executable);
  for (let i = 0; i < 24; i++) {
    void batcher.submitWhenRoom({ target, windows: windowsOf(executable, 4), count: 4 });
  }
  assert.equal(batcher.waitingWindows, 8);
  void submit(24);
  assert.equal(batcher.waitingWindows, 32);
});
