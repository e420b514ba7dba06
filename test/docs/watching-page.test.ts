/** docs/watching.md: its options are those of the program, and its function takes what the program signs. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { signedHeaders, webhookKey } from "../../src/watch/webhook.js";
import { createWorkplace } from "../cli/residua-process.js";
import { runProgram } from "../clients/python.js";
import { missing } from "../docker/monitoring.js";
import { repository } from "../server-process.js";

const page = readFileSync(join(repository, "docs", "watching.md"), "utf8");

test("every option that the page names is one of watch, and each of watch is named", async (t) => {
  const { residua } = await createWorkplace(t);
  const { out } = await residua(["watch", "--help"]);
  const options = new Set([...out.matchAll(/^ {2}(--[a-z]+)/gm)].map(([, name]) => name!));
  const own = page.replaceAll(/^Prometheus has to take.*$|--query\.lookback-delta|--resample/gm, "");
  const named = new Set([...own.matchAll(/(?<![\w-])(--[a-z]+)/g)].map(([, name]) => name!));
  assert.deepEqual(
    [...named].filter((name) => !options.has(name)),
    [],
  );
  assert.deepEqual(
    [...options].filter((name) => !named.has(name)),
    [],
  );
});

test("the page's function tells a message from a forged one", { skip: missing("python3") }, async (t) => {
  const { folder } = await createWorkplace(t);
  const [, code] = /^```python\n(.*?)^```$/ms.exec(page) ?? [];
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const body = '{"event":"ü"}';
  const now = Math.floor(Date.now() / 1000);
  const headers = signedHeaders("pump-1-2-began", now, body, webhookKey(secret));
  const old = signedHeaders("pump-1-2-began", now - 301, body, webhookKey(secret));
  const cases = [
    [headers, body],
    [{ ...headers, "webhook-signature": `v1,other ${headers["webhook-signature"]}` }, body],
    [headers, `${body} `],
    [{ ...headers, "webhook-id": "pump-1-2-ended" }, body],
    [old, body],
  ];
  writeFileSync(join(folder, "cases.json"), JSON.stringify(cases));
  const script = join(folder, "check.py");
  const check = `import json, sys\nfor headers, body in json.load(open(sys.argv[1])):\n    print(is_genuine(sys.argv[2], headers, body.encode()))\n`;
  writeFileSync(script, `${code}\n${check}`);
  const { status, out, err } = await runProgram("python3", [script, join(folder, "cases.json"), secret]);
  assert.equal(status, 0, err);
  assert.deepEqual(out.trim().split("\n"), ["True", "True", "False", "False", "False"]);
});
