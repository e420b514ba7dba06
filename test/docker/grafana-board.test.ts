/** The board that is shipped is the one that is described, and its queries find what a service under load tells. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { makeWaves, serveTrained } from "../http/trained-service.js";
import { BOARD_FILE, makeBoard } from "./grafana-board.js";
import { missing, startPrometheus } from "./monitoring.js";

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const text = readFileSync(BOARD_FILE, "utf8");
const { panels } = JSON.parse(text) as { panels: readonly Panel[] };

test("the file of the board is up to date; else run node dist/test/docker/grafana-board.js", () => {
  assert.equal(text, makeBoard());
});

/** The values of an instant query; those that are no number are left out. */
async function ask(prometheus: string, expression: string): Promise<number[]> {
  const query = expression
    .replaceAll("$__rate_interval", "10s")
    .replaceAll("$instance", ".*")
    .replaceAll("$model", ".*");
  assert.ok(!query.includes("$"), query);
  const response = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`);
  const { status, data, error } = (await response.json()) as {
    status: string;
    error?: string;
    data: { result: readonly { value: readonly [number, string] }[] };
  };
  assert.equal(status, "success", `${query}: ${error}`);
  return data.result.map(({ value }) => Number(value[1])).filter(Number.isFinite);
}

test("no query of any panel is empty for a service under load", {
  skip: missing("prometheus"),
  timeout: 300_000,
}, async (t) => {
  const { url, score } = await serveTrained(t);
  const prometheus = await startPrometheus(t, new URL(url).host);
  let isOn = true;
  const series = makeWaves(2, 2000);
  const load = (async () => {
    while (isOn) {
      for (const body of [{ series }, { windows: [series.slice(0, 8)] }]) {
        const response = await score("waves", body);
        assert.equal(response.status, 200, await response.text());
      }
      // As often as a machine would send: the test is about what is shown, not about speed.
      await delay(50);
    }
  })();
  const open = new Map(
    panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [expr, title] as const)),
  );
  assert.ok(open.size >= 25);
  try {
    for (let round = 0; open.size > 0; round++) {
      assert.ok(round < 300, `empty: ${[...open].map(([query, title]) => `${title}: ${query}`).join("\n")}`);
      await Promise.race([delay(200), load]);
      for (const query of [...open.keys()]) {
        if ((await ask(prometheus, query)).length > 0) open.delete(query);
      }
    }
  } finally {
    isOn = false;
    await load;
  }
});
