/** The Helm chart: its values and rules as files, and what helm makes of it where helm is installed (`.ci/deploy`). */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { Ajv } from "ajv";
import { loadConfig } from "../../src/config.js";
import { chart, docker, type Manifest, readManifests, readValues, valuesFiles } from "./manifests.js";

const hasHelm = spawnSync("helm", ["version"]).status === 0;
const skip = hasHelm ? false : "helm is not installed; .ci/deploy brings it";

/** What the chart becomes with some files of values and with some single ones. */
function template(files: readonly string[], set: readonly string[] = []) {
  const more = [...files.flatMap((file) => ["--values", file]), ...set.flatMap((one) => ["--set", one])];
  // Without a cluster, and built by `go install`, helm takes Kubernetes to be very old.
  const args = ["template", "demo", chart, "--kube-version", "1.34.0", ...more];
  const { status, stdout, stderr } = spawnSync("helm", args, { encoding: "utf8" });
  return { status, out: stdout, err: stderr };
}

/** The same as objects, by kind and name. */
function render(files: readonly string[], set: readonly string[] = []): Map<string, Manifest> {
  const { status, out, err } = template(files, set);
  assert.equal(status, 0, err);
  return new Map(readManifests(out).map((made) => [`${made.kind} ${made.metadata.name}`, made]));
}

function values(name: string): string {
  return join(chart, "ci", `${name}-values.yaml`);
}

/** The variables of a deployment's only container; of a secret's key, "secret/key". */
function envOf(deployment: Manifest): Record<string, string> {
  const { env } = deployment.spec.template.spec.containers[0];
  const entries = (env as Manifest[]).map(({ name, value, valueFrom }) => [
    name,
    value ?? `${valueFrom.secretKeyRef.name}/${valueFrom.secretKeyRef.key}`,
  ]);
  assert.equal(new Set(entries.map(([name]) => name)).size, entries.length, "a variable is there twice");
  return Object.fromEntries(entries);
}

test("the chart's rules are those that Prometheus reads; else cp docker/prometheus/rules.yaml docker/helm/files/", () => {
  const [copy, rules] = [join(chart, "files", "rules.yaml"), join(docker, "prometheus", "rules.yaml")];
  assert.equal(readFileSync(copy, "utf8"), readFileSync(rules, "utf8"));
});

test("all files of values fit the schema, which knows every value and no other", () => {
  const schema = JSON.parse(readFileSync(join(chart, "values.schema.json"), "utf8"));
  const fits = new Ajv({ strict: false, allErrors: true }).compile(schema);
  const defaults = readValues(join(chart, "values.yaml"));
  for (const file of [join(chart, "values.yaml"), ...valuesFiles]) {
    assert.ok(fits(readValues(file)), `${basename(file)}: ${JSON.stringify(fits.errors)}`);
  }
  assert.deepEqual(Object.keys(schema.properties).sort(), ["global", ...Object.keys(defaults)].sort());
  assert.ok(!fits({ replica: 2 }) && !fits({ image: { digest: "latest" } }));
  assert.ok(!fits({ settings: { RESIDUA_MODELS: "elsewhere" } }), "a variable that the chart sets itself");
});

test("by default: two replicas of the image's models, without a volume, that call nobody", { skip }, () => {
  const made = render([]);
  assert.deepEqual(
    [...made.keys()].sort(),
    [
      "Deployment demo-residua",
      "NetworkPolicy demo-residua",
      "PodDisruptionBudget demo-residua",
      "Service demo-residua",
      "ServiceAccount demo-residua",
    ].sort(),
  );
  const { spec } = made.get("Deployment demo-residua");
  assert.equal(spec.replicas, 2);
  const pod = spec.template.spec;
  const env = envOf(made.get("Deployment demo-residua"));
  const ending = Number(env["RESIDUA_LAME_DUCK_SECONDS"]) + Number(env["RESIDUA_DRAIN_SECONDS"]);
  assert.ok(pod.terminationGracePeriodSeconds > ending);
  const [container] = pod.containers;
  assert.equal(container.image, "residua:cpu");
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.equal(container.securityContext.readOnlyRootFilesystem, true);
  assert.deepEqual(
    [
      container.startupProbe.httpGet.path,
      container.livenessProbe.httpGet.path,
      container.readinessProbe.httpGet.path,
    ],
    ["/livez", "/livez", "/readyz"],
  );
  assert.deepEqual(made.get("NetworkPolicy demo-residua").spec.egress, []);
  const budget = made.get("PodDisruptionBudget demo-residua").spec;
  assert.deepEqual(budget.selector, spec.selector);
});

test("all at once: role, Redis, workers, autoscaler, monitor and rules", { skip }, () => {
  const made = render([values("all")]);
  const service = made.get("Deployment demo-residua");
  assert.equal("replicas" in service.spec, false);
  const env = envOf(service);
  assert.equal(env["RESIDUA_MODELS"], "s3://models/production");
  assert.equal(env["RESIDUA_ADMIN_TOKEN"], "residua-tokens/admin-token");
  assert.equal(env["RESIDUA_REDIS_URL"], "residua-redis/redis-url");
  assert.equal(env["RESIDUA_GRPC_PORT"], "3001");
  assert.equal("AWS_ACCESS_KEY_ID" in env, false);
  const worker = made.get("Deployment demo-residua-worker");
  assert.equal(worker.spec.replicas, 3);
  assert.equal(worker.spec.template.spec.containers[0].args.at(-1), "worker");
  assert.equal(envOf(worker)["RESIDUA_REDIS_URL"], env["RESIDUA_REDIS_URL"]);
  assert.deepEqual([env["RESIDUA_MAX_JOBS"], envOf(worker)["RESIDUA_MAX_JOBS"]], ["0", undefined]);
  assert.equal("RESIDUA_ADMIN_TOKEN" in envOf(worker), false);
  // Requests never go to a worker, and a worker is not counted as a replica.
  const isChosen = (selector: Record<string, string>, labels: Record<string, string>): boolean =>
    Object.entries(selector).every(([name, value]) => labels[name] === value);
  const { labels } = worker.spec.template.metadata;
  assert.ok(!isChosen(made.get("Service demo-residua").spec.selector, labels));
  assert.ok(!isChosen(service.spec.selector.matchLabels, labels));
  assert.ok(isChosen(made.get("NetworkPolicy demo-residua").spec.podSelector.matchLabels, labels));
  assert.equal(
    made.get("ServiceAccount demo-residua").metadata.annotations["eks.amazonaws.com/role-arn"],
    "arn:aws:iam::123456789012:role/residua",
  );
  const scaler = made.get("HorizontalPodAutoscaler demo-residua").spec;
  assert.deepEqual(
    scaler.metrics.map(({ type }: Manifest) => type),
    ["Resource", "Pods"],
  );
  const ports = made
    .get("NetworkPolicy demo-residua")
    .spec.egress.flatMap((rule: Manifest) => rule.ports.map(({ port }: Manifest) => port));
  assert.deepEqual(ports, [53, 53, 443, 6379, 4318]);
  const [endpoint] = made.get("ServiceMonitor demo-residua").spec.endpoints;
  assert.deepEqual(endpoint.authorization.credentials, { name: "residua-tokens", key: "api-token" });
  const rules = readValues(join(docker, "prometheus", "rules.yaml"));
  assert.deepEqual(made.get("PrometheusRule demo-residua").spec, rules);
});

test("a store with keys on a port of its own, tokens that the chart keeps", { skip }, () => {
  const made = render([values("store")], ["networkPolicy.enabled=true"]);
  const env = envOf(made.get("Deployment demo-residua"));
  assert.equal(env["AWS_SECRET_ACCESS_KEY"], "store-keys/AWS_SECRET_ACCESS_KEY");
  assert.equal(env["RESIDUA_API_TOKEN"], "demo-residua/api-token");
  assert.deepEqual(made.get("Secret demo-residua").stringData, {
    "admin-token": "change-me",
    "api-token": "change-me-too",
  });
  const { egress } = made.get("NetworkPolicy demo-residua").spec;
  assert.ok(egress.some(({ ports }: Manifest) => ports.some(({ port }: Manifest) => port === 9000)));
  assert.equal(made.get("Deployment demo-residua").spec.template.spec.serviceAccountName, "default");
});

test("on a GPU: the image for it, a limit of one, and no replica beside the old one", { skip }, () => {
  const { spec } = render([values("gpu")]).get("Deployment demo-residua");
  const [container] = spec.template.spec.containers;
  assert.equal(container.image, "residua:cuda");
  assert.deepEqual(container.resources.limits, { memory: "16Gi", "nvidia.com/gpu": 1 });
  assert.equal(spec.strategy.rollingUpdate.maxSurge, 0);
  const claims = spec.template.spec.volumes.flatMap((volume: Manifest) =>
    "persistentVolumeClaim" in volume ? [volume.persistentVolumeClaim.claimName] : [],
  );
  assert.deepEqual(claims, ["compiled", "models"]);
});

test("the variables of service and workers are settings of the program, with values that it takes", {
  skip,
}, () => {
  const secrets = {
    "residua-redis/redis-url": "redis://redis:6379",
    "residua-tokens/admin-token": "secret",
    "residua-tokens/api-token": "secret",
  };
  const cases = [
    render([values("all")]),
    render([values("store")]),
    render([values("volume")], ["workers.replicas=2", "grpc.enabled=true"]),
  ];
  for (const made of cases) {
    for (const name of ["demo-residua", "demo-residua-worker"]) {
      const env = envOf(made.get(`Deployment ${name}`));
      const given = Object.entries(env).map(([key, value]) => [
        key,
        secrets[value as keyof typeof secrets] ?? value,
      ]);
      const config = loadConfig(Object.fromEntries(given));
      // Amazon's library reads its own.
      const unknown = Object.keys(env).filter((key) => !(key in config) && !key.startsWith("AWS_"));
      assert.deepEqual(unknown, []);
    }
  }
});

test("a volume that the chart claims outlives the release", { skip }, () => {
  const claim = render([values("volume")]).get("PersistentVolumeClaim demo-residua-models");
  assert.equal(claim.metadata.annotations["helm.sh/resource-policy"], "keep");
  assert.equal(claim.spec.resources.requests.storage, "10Gi");
});

test("what makes no sense together is refused with what to set", { skip }, () => {
  const refusals: [string[], RegExp][] = [
    [["models.source=s3"], /set models\.s3\.url to s3:\/\/bucket\/prefix/],
    [["workers.replicas=1"], /set models\.source to pvc or s3/],
    [
      ["workers.replicas=1", "models.source=s3", "models.s3.url=s3://models"],
      /set redis\.url or redis\.existingSecret/,
    ],
    [["tokens.existingSecret=a", "tokens.admin=b"], /tokens\.adminKey and tokens\.apiKey/],
    [["tokens.existingSecret=a"], /none of its keys is used/],
    [["autoscaling.enabled=true", "autoscaling.cpuUtilization=null"], /needs autoscaling\.cpuUtilization/],
    [["replica=3"], /replica/],
  ];
  for (const [set, sentence] of refusals) {
    const { status, err } = template([], set);
    assert.equal(status, 1, set.join(" "));
    assert.match(err, sentence);
  }
});
