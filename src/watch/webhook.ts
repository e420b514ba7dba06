/** Posts messages to a webhook, signed as the Standard Webhooks specification says (standardwebhooks.com). */
import { createHmac } from "node:crypto";
import { InputError } from "../errors.js";
import { call, excerpt, LaterError } from "./http-call.js";
import type { Message } from "./watch-state.js";

const PREFIX = "whsec_";
/** The specification allows 24 to 64 bytes. */
const LEAST_BYTES = 24;
const MOST_BYTES = 64;

/** The key of a secret such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`. @throws InputError, without repeating it. */
export function webhookKey(secret: string): Buffer {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : "";
  const key = Buffer.from(text, "base64");
  if (key.length < LEAST_BYTES || key.length > MOST_BYTES || key.toString("base64") !== text) {
    throw new InputError(
      `RESIDUA_WEBHOOK_SECRET has to be "${PREFIX}" and ${LEAST_BYTES} to ${MOST_BYTES} bytes in base64: echo "${PREFIX}$(openssl rand -base64 32)" makes one.`,
    );
  }
  return key;
}

/** The headers of a message. @param seconds the time at which it is sent, since 1970. @param body as it is sent. */
export function signedHeaders(
  id: string,
  seconds: number,
  body: string,
  key: Buffer | undefined,
): Record<string, string> {
  const headers = { "webhook-id": id, "webhook-timestamp": String(seconds) };
  if (key === undefined) return headers;
  const signature = createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64");
  return { ...headers, "webhook-signature": `v1,${signature}` };
}

export interface WebhookOptions {
  readonly url: string;
  /** Undefined: messages are not signed. */
  readonly key: Buffer | undefined;
  readonly nowMs: () => number;
}

export class Webhook {
  readonly #options: WebhookOptions;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  /** Posts a message. @throws LaterError where it was not taken: only a 2xx says that it was. */
  async post({ id, body }: Message, signal: AbortSignal): Promise<void> {
    const { url, key, nowMs } = this.#options;
    const text = JSON.stringify(body);
    const headers = signedHeaders(id, Math.floor(nowMs() / 1000), text, key);
    const { status, text: answer } = await call(url, {
      who: "The webhook",
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: text,
      signal,
    }).catch((error: unknown) => {
      throw error instanceof InputError ? new LaterError(error.message) : error;
    });
    if (status >= 200 && status < 300) return;
    throw new LaterError(`The webhook answers ${status}${excerpt(answer)}.`);
  }
}
