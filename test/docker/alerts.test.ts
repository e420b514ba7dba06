/** The alert rules: valid, each tested, about metrics that there are, and a real alert that arrives. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, cpSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { repository, startServer } from "../server-process.js";
import { missing, shipped, startAlertmanager, startPrometheus } from "./monitoring.js";

const rules = readFileSync(join(shipped, "rules.yaml"), "utf8");
const MODEL = "ramp-reconstruction";
const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);

test("each alert has a test in which it fires, and one in which it does not", () => {
  const tests = readFileSync(join(shipped, "rules.test.yaml"), "utf8");
  assert.equal(alerts.length, 10);
  for (const alert of alerts) {
    assert.match(tests, new RegExp(`alertname: ${alert}\\n +exp_alerts:\\n +- exp_labels`));
    assert.match(tests, new RegExp(`alertname: ${alert}, exp_alerts: \\[\\]`));
  }
});

test("promtool takes configuration and rules, and the rules pass their tests", {
  skip: missing("promtool"),
}, () => {
  const promtool = (...args: string[]) => execFileSync("promtool", args, { cwd: shipped, encoding: "utf8" });
  assert.match(promtool("check", "config", "--syntax-only", "prometheus.yaml"), /valid/);
  assert.match(promtool("check", "rules", "rules.yaml"), new RegExp(`SUCCESS: ${alerts.length} rules`));
  assert.match(promtool("test", "rules", "rules.test.yaml"), /SUCCESS/);
});

test("alerts name metrics that a service has", async (t) => {
  const server = await startServer({ RESIDUA_MODELS: join(repository, "models"), RESIDUA_THREADS: "1" });
  t.after(() => server.end("SIGKILL"));
  await server.ready();
  const names = new Set([...rules.matchAll(/\b((?:residua|http)_\w+)/g)].map(([, name]) => name!));
  assert.ok(names.size >= 10);
  const text = await (await fetch(`${server.url}/metrics`)).text();
  for (const name of names) assert.ok(text.includes(`# TYPE ${name} `), name);
});

interface Notification {
  readonly alerts: readonly { readonly status: string; readonly labels: Record<string, string> }[];
}

test("a damaged version is posted to the webhook", {
  skip: missing("prometheus", "prometheus-alertmanager"),
  timeout: 120_000,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "residua-alerts-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const bundle = join(folder, MODEL, "1");
  cpSync(join(repository, "models", MODEL, "1"), bundle, { recursive: true });
  appendFileSync(join(bundle, "weights.bin"), "damage");

  let onRefused: (labels: Record<string, string>) => void = () => {};
  const refused = new Promise<Record<string, string>>((resolve) => {
    onRefused = resolve;
  });
  const webhook = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    response.end();
    const found = (JSON.parse(body) as Notification).alerts.find(
      ({ status, labels }) => status === "firing" && labels["alertname"] === "ResiduaVersionRefused",
    );
    if (found !== undefined) onRefused(found.labels);
  }).listen(0, "127.0.0.1");
  t.after(() => {
    webhook.closeAllConnections();
    webhook.close();
  });
  await once(webhook, "listening");

  const server = await startServer({ RESIDUA_MODELS: folder, RESIDUA_THREADS: "1" });
  t.after(() => server.end("SIGKILL"));
  const { port } = webhook.address() as AddressInfo;
  const alertmanager = await startAlertmanager(t, `http://127.0.0.1:${port}/alerts`);
  await startPrometheus(t, new URL(server.url).host, alertmanager);
  const labels = await refused;
  assert.deepEqual([labels["model"], labels["version"], labels["severity"]], [MODEL, "1", "warning"]);
});
