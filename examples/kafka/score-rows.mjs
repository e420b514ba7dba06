/** Scores rows of a Kafka topic, a stream for each key: {"flow": 3.2, "temp": 20.1} from TOPIC, scores to TOPIC.scores. */
import { setTimeout as pause } from "node:timers/promises";
import { Consumer, Producer, stringDeserializers, stringSerializers } from "@platformatic/kafka";

const [broker, topic, model, service = "http://127.0.0.1:3000"] = process.argv.slice(2);
const token = process.env.RESIDUA_API_TOKEN;
const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
/** Key -> the continuation of its stream. */
const continuations = new Map();

/** The answer to the next row of a key. It waits for as long as the service says. */
async function score(key, row) {
  for (;;) {
    const body = JSON.stringify({ series: [row], last: 1, continuation: continuations.get(key) ?? "" });
    const response = await fetch(`${service}/v1/models/${model}/score`, { method: "POST", headers, body });
    if ([429, 503].includes(response.status)) {
      await pause(1000 * (response.headers.get("retry-after") ?? 1));
      continue;
    }
    const answer = await response.json();
    if (response.ok) {
      continuations.set(key, answer.continuation);
      return { score: answer.timesteps.score[0], anomalous: answer.timesteps.anomalous[0], events: answer.events };
    }
    if (answer.code === "CONTINUATION_INVALID") continuations.delete(key); // another version: a new stream
    else return { problem: answer.detail };
  }
}

const options = { clientId: `residua-${model}`, bootstrapBrokers: [broker], groupId: `residua-${model}` };
const producer = new Producer({ ...options, serializers: stringSerializers });
const consumer = new Consumer({ ...options, deserializers: stringDeserializers });
const from = { mode: "committed", fallbackMode: "earliest", autocommit: false };
const rows = await consumer.consume({ topics: [topic], ...from });
console.log(`scores rows of ${topic}`);
for await (const message of rows) {
  const { key, value } = message;
  const answer = JSON.stringify(await score(key, JSON.parse(value)));
  await producer.send({ messages: [{ topic: `${topic}.scores`, key, value: answer }] });
  await message.commit();
}
