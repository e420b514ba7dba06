/** `/readyz` is about the service: one model's trouble and a publish do not take replicas out of the balancer. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startService, WINDOW } from "../http/running-service.js";
import { addVersions } from "../registry/publications.js";
import { repository } from "../server-process.js";

test("a broken aliases.json, a refused version and an empty alias leave the service ready", async (t) => {
  const { url, folder, service } = await startService(t);
  const strict = await startService(t, { config: { RESIDUA_READY: "models" } });
  for (const each of [folder, strict.folder]) {
    await writeFile(join(each, "composite", "aliases.json"), '{"stable": "1');
    await addVersions(each, "small", [2]);
    await writeFile(join(each, "small", "aliases.json"), '{"stable": "77"}');
  }
  for (const { models } of [service, strict.service]) await models.registry.poll();
  for (const path of ["/readyz", "/v2/health/ready"]) {
    assert.equal((await fetch(url + path)).status, 200, path);
    const answer = await fetch(strict.url + path);
    const text = await answer.text();
    assert.equal(answer.status, 503, path);
    assert.doesNotMatch(text, new RegExp(strict.folder), "an open route names no path");
  }
  const { models } = (await (await fetch(`${url}/v1/models`)).json()) as {
    models: { name: string; reason: string | null }[];
  };
  assert.match(models.find(({ name }) => name === "composite")?.reason ?? "", /aliases\.json is not JSON/);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, /^residua_model_ready\{model="composite"\} 0$/m);
  assert.match(metrics, /^residua_model_ready\{model="small"\} 0$/m);
  assert.equal((await fetch(`${url}/v2/models/composite/ready`)).status, 200);
});

test("an empty folder is alive and ready, but not where models are asked for", async (t) => {
  const { url } = await startService(t, { contents: {} });
  assert.equal((await fetch(`${url}/livez`)).status, 200);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert.equal((await fetch(`${url}/v2/health/ready`)).status, 200);
  const strict = await startService(t, { contents: {}, config: { RESIDUA_READY: "models" } });
  const ready = await fetch(`${strict.url}/readyz`);
  assert.equal(ready.status, 503);
  assert.ok(Number(ready.headers.get("retry-after")) >= 1);
  assert.equal(((await ready.json()) as { code: string }).code, "MODEL_NOT_READY");
});

for (const ready of ["server", "models"] as const) {
  test(`/readyz does not flap while versions are published (${ready})`, async (t) => {
    const { url, folder, service, score } = await startService(t, {
      contents: { pump: {} },
      config: { RESIDUA_READY: ready },
    });
    let isPublishing = true;
    const statuses = new Set<number>();
    const watch = (async () => {
      while (isPublishing) {
        const answer = await fetch(`${url}/readyz`);
        await answer.arrayBuffer();
        statuses.add(answer.status);
        // Between any two steps of the registry, too.
        for (let turn = 0; turn < 5; turn++) {
          statuses.add(service.models.problems().length === 0 ? 200 : 503);
          await new Promise(setImmediate);
        }
      }
    })();
    for (let version = 2; version <= 6; version++) {
      await addVersions(folder, "pump", [version]);
      await service.models.registry.poll();
    }
    isPublishing = false;
    await watch;
    assert.deepEqual([...statuses], [200]);
    assert.equal((await score("pump", { windows: [WINDOW] })).status, 200);
  });
}

for (const file of ["residua.yaml", "residua-cuda.yaml"]) {
  test(`Kubernetes restarts no pod for what is in the folder of models (${file})`, () => {
    const text = readFileSync(join(repository, "docker", "kubernetes", file), "utf8");
    for (const probe of ["startupProbe", "livenessProbe"]) {
      assert.match(text, new RegExp(`${probe}:\\s+httpGet: \\{ path: /livez, port: http \\}`));
    }
    assert.match(text, /readinessProbe:\s+httpGet: \{ path: \/readyz, port: http \}/);
  });
}
