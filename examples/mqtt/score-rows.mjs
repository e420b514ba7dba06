/** Scores rows that come over MQTT: {"flow": 3.2, "temp": 20.1} on TOPIC, what the service says of each on TOPIC/score. */
import { on } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import mqtt from "mqtt";

const [broker, topic, model, service = "http://127.0.0.1:3000"] = process.argv.slice(2);
const token = process.env.RESIDUA_API_TOKEN;
const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
let continuation = "";

/** The answer to the next row of the stream. It waits for as long as the service says. */
async function score(row) {
  for (;;) {
    const body = JSON.stringify({ series: [row], last: 1, continuation });
    const response = await fetch(`${service}/v1/models/${model}/score`, { method: "POST", headers, body });
    if ([429, 503].includes(response.status)) {
      await pause(1000 * (response.headers.get("retry-after") ?? 1));
      continue;
    }
    const answer = await response.json();
    if (response.ok) {
      continuation = answer.continuation;
      return { score: answer.timesteps.score[0], anomalous: answer.timesteps.anomalous[0], events: answer.events };
    }
    if (answer.code === "CONTINUATION_INVALID") continuation = ""; // another version: a new stream
    else return { problem: answer.detail };
  }
}

const client = await mqtt.connectAsync(broker, { clientId: `residua-${model}`, clean: false });
const messages = on(client, "message");
await client.subscribeAsync(topic, { qos: 1 });
console.log(`scores rows of ${topic}`);
for await (const [, payload] of messages) {
  const answer = await score(JSON.parse(payload));
  await client.publishAsync(`${topic}/score`, JSON.stringify(answer), { qos: 1 });
}
