/** Messages to a webhook: whoever uses the library of Standard Webhooks can check them. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { Webhook as Receiver } from "standardwebhooks";
import { InputError } from "../../src/errors.js";
import { LaterError } from "../../src/watch/http-call.js";
import { Webhook, webhookKey } from "../../src/watch/webhook.js";
import { openWebhook } from "./watched.js";

const SECRET = `whsec_${randomBytes(32).toString("base64")}`;
const never = new AbortController().signal;

test("a message is signed so that the library of the standard takes it, and no other", async (t) => {
  const server = await openWebhook(t);
  const webhook = new Webhook({ url: server.url, key: webhookKey(SECRET), nowMs: Date.now });
  await webhook.post({ id: "pump-1-2-began", body: { event: { text: 'ü"\n' } } }, never);
  const [{ text, headers }] = server.received as [(typeof server.received)[number]];
  const receiver = new Receiver(SECRET);
  assert.equal(headers["webhook-id"], "pump-1-2-began");
  assert.deepEqual(receiver.verify(text, headers as Record<string, string>), { event: { text: 'ü"\n' } });
  for (const [name, value] of [
    ["webhook-id", "pump-1-2-ended"],
    ["webhook-timestamp", String(Number(headers["webhook-timestamp"]) + 1)],
  ] as const) {
    assert.throws(() => receiver.verify(text, { ...(headers as Record<string, string>), [name]: value }));
  }
  assert.throws(() => receiver.verify(`${text} `, headers as Record<string, string>));
});

test("without a secret there is no signature", async (t) => {
  const server = await openWebhook(t);
  await new Webhook({ url: server.url, key: undefined, nowMs: Date.now }).post({ id: "a", body: {} }, never);
  assert.deepEqual(
    Object.keys(server.received[0]!.headers).filter((name) => name.startsWith("webhook-")),
    ["webhook-id", "webhook-timestamp"],
  );
});

test("only a 2xx says that a message was taken", async (t) => {
  const server = await openWebhook(t);
  const webhook = new Webhook({ url: server.url, key: undefined, nowMs: Date.now });
  for (const status of [301, 400, 404, 410, 429, 500, 503]) {
    server.answer = () => status;
    await assert.rejects(webhook.post({ id: "a", body: {} }, never), LaterError, String(status));
  }
  server.answer = () => 202;
  await webhook.post({ id: "a", body: {} }, never);
});

test("a secret that is none is refused without being repeated", () => {
  for (const secret of ["hunter2", "whsec_c2hvcnQ=", `whsec_${"%".repeat(40)}`, SECRET.slice(6)]) {
    assert.throws(
      () => webhookKey(secret),
      (error) => error instanceof InputError && !error.message.includes(secret),
    );
  }
});
