/** Series of many slices: lines while they are scored, failures and hang-ups on the way, turns for others. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { test } from "node:test";
import type { Executable } from "../../src/engine/engine.js";
import type { Service } from "../../src/http/service.js";
import { startService } from "./running-service.js";

const LINES = { accept: "application/x-ndjson" };
const ROWS = 30_000;
/** Windows after which the engine is held back, or breaks. */
const SOME = 8000;

/** [rows][2], with a wild reading every thousand. */
function makeBody(rows: number, more = ""): string {
  const series = Array.from(
    { length: rows },
    (_, t) => `[${t % 1000 === 500 ? 1e6 : 20 + (t % 13) / 5},${100_000 + ((t * 7) % 90)}]`,
  );
  return `{"series":[${series.join(",")}]${more}}`;
}

/** Lets `before` look at every run of the model "small" that the engine is asked for, and hold it back. */
function watchRuns(service: Service, before: (windows: number) => Promise<void> | undefined): void {
  const lease = service.models.acquire("small", {});
  const executable = lease.model.executable as { run: Executable["run"] };
  lease.release();
  const run = executable.run.bind(executable);
  executable.run = async (windows, count) => {
    await before(count);
    return run(windows, count);
  };
}

/** Begins a request whose answer is read chunk by chunk. */
function begin(url: string, headers: Record<string, string>): ClientRequest {
  return request(`${url}/v1/models/small/score`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
  });
}

/** The engine, once it has begun so many windows, waits until it is let go. */
function holdAfter(service: Service, windows: number) {
  let begun = 0;
  let letGo!: () => void;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  watchRuns(service, (count) => {
    begun += count;
    return begun > windows ? gate : undefined;
  });
  return { letGo, begun: () => begun };
}

test("lines go out as soon as the windows behind them are scored, and are the same lines", async (t) => {
  const { url, service, score } = await startService(t, { contents: { small: {} } });
  const body = makeBody(ROWS, ',"threshold":{"value":20}');
  // A caller with a deadline gets the whole at once.
  const whole = await (await score("small", body, { ...LINES, "x-request-timeout-ms": "60000" })).text();
  const { letGo, begun } = holdAfter(service, SOME);
  const sent = begin(url, LINES);
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  let text = "";
  let begunThen: number | undefined;
  for await (const chunk of response.setEncoding("utf8")) {
    text += chunk as string;
    if (begunThen !== undefined || text.split("\n").length < 4096) continue;
    begunThen = begun();
    letGo();
  }
  assert.ok(begunThen !== undefined && begunThen < ROWS / 2, `${begunThen} windows were begun by then`);
  const withoutTiming = (lines: string) => lines.slice(0, lines.lastIndexOf('{"timing"'));
  assert.ok(whole.includes('{"event":'));
  assert.equal(withoutTiming(text), withoutTiming(whole));
});

test("what fails before lines are sent has its status; after that the last line says so and the body breaks off", async (t) => {
  const { url, service, score, log } = await startService(t, { contents: { small: {} } });
  let begun = 0;
  let failAfter = SOME;
  watchRuns(service, (count) => {
    begun += count;
    return begun > failAfter ? Promise.reject(new Error("out of memory")) : undefined;
  });
  const body = makeBody(ROWS);
  const sent = begin(url, { ...LINES, "x-request-id": "broken-off" });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  let text = "";
  await assert.rejects(async () => {
    for await (const chunk of response.setEncoding("utf8")) text += chunk as string;
  });
  const lines = text.trimEnd().split("\n");
  const { problem } = JSON.parse(lines.at(-1)!) as { problem: { code: string; status: number } };
  assert.equal(problem.code, "INFERENCE_FAILED");
  assert.equal(problem.status, 500);
  assert.ok("timestep" in (JSON.parse(lines.at(-2)!) as object));
  const line = log.find(({ reqId, err }) => reqId === "broken-off" && err !== undefined);
  assert.match(JSON.stringify(line), /out of memory/);

  for (const headers of [{}, { ...LINES, "x-request-timeout-ms": "60000" }]) {
    begun = 0;
    assert.equal((await score("small", body, headers)).status, 500);
  }
  begun = 0;
  failAfter = 0;
  assert.equal((await score("small", body, LINES)).status, 500);
});

test("a client that hangs up while lines are sent ends the scoring and frees the model", async (t) => {
  const { url, service, log } = await startService(t, { contents: { small: {} } });
  const { letGo, begun } = holdAfter(service, SOME);
  const sent = begin(url, LINES);
  sent.on("error", () => undefined);
  sent.end(makeBody(ROWS));
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.on("error", () => undefined);
  await once(response, "data");
  sent.destroy();
  const isLogged = () => log.some(({ status, path }) => status === 499 && path === "/v1/models/small/score");
  while (!isLogged()) await (await fetch(`${url}/livez`)).arrayBuffer();
  letGo();
  // Which waits for all leases.
  assert.equal(await service.stop(), true);
  assert.ok(begun() < ROWS / 2, `${begun()} windows were begun`);
});

test("a client that hangs up in the middle of an answer that is there frees it", async (t) => {
  const { url, service, log } = await startService(t, { contents: { small: {} } });
  const sent = begin(url, {});
  sent.on("error", () => undefined);
  // Too much for the buffers between the two ends: about 8 MB.
  sent.end(makeBody(350_000, ',"stride":50'));
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.on("error", () => undefined);
  await once(response, "readable");
  sent.destroy();
  assert.equal(await service.stop(), true);
  const { status } = log.find(({ path }) => path === "/v1/models/small/score")!;
  assert.equal(status, 499);
});

test("a million readings leave others their turns", async (t) => {
  const { service, score } = await startService(t, { contents: { small: {} } });
  let turn = 0;
  const windowsOfTurn = new Map<number, number>();
  watchRuns(service, (count) => {
    windowsOfTurn.set(turn, (windowsOfTurn.get(turn) ?? 0) + count);
    return undefined;
  });
  let isOver = false;
  const body = makeBody(500_000, ',"stride":25');
  const countTurns = (): void => {
    turn += 1;
    if (!isOver) setImmediate(countTurns);
  };
  countTurns();
  const response = await score("small", body);
  const { timesteps } = JSON.parse(await response.text()) as { timesteps: { score: (number | null)[] } };
  isOver = true;
  assert.equal(timesteps.score.length, 500_000);
  assert.equal(timesteps.score.filter((value) => value !== null).length, 20_000 * 4);
  const windows = [...windowsOfTurn.values()];
  assert.equal(
    windows.reduce((sum, count) => sum + count, 0),
    20_000,
  );
  // Four batches are on their way at once; an engine as fast as this one may end them all in the same turn.
  assert.ok(Math.max(...windows) <= 4 * 128, `${Math.max(...windows)} windows in one turn`);
});

test("windows far apart are scored as each alone, also where the rows are settled in parts", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const row = (at: number) => [20 + (at % 13) / 5, 100_000 + ((at * 7) % 90)];
  const [timesteps, rows] = [4, 400_000];
  const include = ["timestepError", "featureError", "reconstruction"];
  interface Answer {
    readonly timesteps: Readonly<Record<string, unknown[]>>;
  }
  const ask = async (from: number, count: number, stride: number): Promise<Answer["timesteps"]> => {
    const series = Array.from({ length: count }, (_, at) => row(from + at));
    const response = await score("small", { series, stride, include, threshold: { value: 1 } });
    return ((await response.json()) as Answer).timesteps;
  };
  const columns = ["score", "anomalous", "timestepError", "featureError"];
  // Some lie across every border of blocks of a power of two rows.
  for (const stride of [2 ** 15 - 1, rows]) {
    const whole = await ask(0, rows, stride);
    const expected = columns.map(() => new Array<unknown>(rows).fill(null));
    for (let start = 0; start + timesteps <= rows; start += stride) {
      const alone = await ask(start, timesteps, 1);
      columns.forEach((name, column) => {
        for (let at = 0; at < timesteps; at++) expected[column]![start + at] = alone[name]![at];
      });
    }
    columns.forEach((name, column) => {
      const isNone = (value: unknown) =>
        value === null || (value as unknown[]).every?.((one) => one === null);
      const found = whole[name]!.map((value) => (isNone(value) ? null : value));
      assert.deepEqual(found, expected[column], `${name}, stride ${stride}`);
    });
  }
});
