/**
 * examples/kafka with a real broker: Kafka's own, whose jars come from Maven. It takes half a gigabyte and a minute at first, so it
 * runs where it is asked for: `RESIDUA_TEST_KAFKA=1 npm test`.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { INSTALL_MS, installed } from "../clients/packages.js";
import { missing } from "../docker/monitoring.js";
import { freePort } from "../server-process.js";
import { scratchFolder } from "../watch/watched.js";
import { type Answer, checkAnswers, installExample, packageOf, ROWS, startExample } from "./example.js";

const run = promisify(execFile);
const JAVA = ["-Xmx256m", "-XX:TieredStopAtLevel=1"];
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId><artifactId>broker</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.1.2</version></dependency>
  </dependencies>
</project>
`;

interface Message {
  readonly key: string;
  readonly value: string;
}
interface Kafka {
  readonly Producer: new (
    options: object,
  ) => {
    send(request: { messages: object[]; autocreateTopics?: boolean }): Promise<unknown>;
    close(): Promise<void>;
  };
  readonly Consumer: new (
    options: object,
  ) => {
    consume(options: object): Promise<AsyncIterable<Message> & { close(): Promise<void> }>;
    close(force: boolean): Promise<void>;
  };
  readonly Admin: new (
    options: object,
  ) => {
    createTopics(options: { topics: string[]; partitions: number; replicas: number }): Promise<unknown>;
    close(): Promise<void>;
  };
  readonly stringSerializers: object;
  readonly stringDeserializers: object;
}

/** A broker of one node, which ends with the test; undefined, and the test skipped, where its jars cannot be had. */
async function startBroker(t: TestContext): Promise<string | undefined> {
  const jars = await installed(t, "kafka-4.1.2", async (cwd) => {
    await writeFile(join(cwd, "pom.xml"), POM);
    const args = ["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"];
    await run("mvn", args, { cwd, timeout: INSTALL_MS });
  });
  if (jars === undefined) return undefined;
  const folder = await scratchFolder(t);
  const [broker, controller] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const settings = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@${controller}`,
    listeners: `PLAINTEXT://${broker},CONTROLLER://${controller}`,
    "advertised.listeners": `PLAINTEXT://${broker}`,
    "controller.listener.names": "CONTROLLER",
    "log.dirs": join(folder, "data"),
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 1,
    "group.initial.rebalance.delay.ms": 0,
  };
  const file = join(folder, "server.properties");
  await writeFile(
    file,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  const java = [...JAVA, "-cp", join(jars, "jars", "*")];
  await run("java", [
    ...java,
    "kafka.tools.StorageTool",
    "format",
    "-t",
    "AAAAAAAAAAAAAAAAAAAAAQ",
    "-c",
    file,
  ]);
  const child = spawn("java", [...java, "kafka.Kafka", file], { stdio: "ignore" });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  t.after(async () => {
    if (child.exitCode === null && child.kill("SIGKILL")) await gone;
  });
  return broker;
}

test("rows of a Kafka topic are scored, a stream for each key", {
  skip:
    process.env["RESIDUA_TEST_KAFKA"] === undefined
      ? "RESIDUA_TEST_KAFKA is not set"
      : missing("java", "mvn"),
  timeout: 300_000,
}, async (t) => {
  const folder = await installExample(t, "kafka");
  const broker = folder === undefined ? undefined : await startBroker(t);
  if (folder === undefined || broker === undefined) return;
  const kafka = await packageOf<Kafka>(folder, "@platformatic/kafka");
  const options = { clientId: "test", groupId: "test", bootstrapBrokers: [broker], retries: 0 };
  for (let round = 0; ; round++) {
    const admin = new kafka.Admin(options);
    const topics = { topics: ["pump", "pump.scores"], partitions: 1, replicas: 1 };
    const failure = await admin.createTopics(topics).catch((error: unknown) => error);
    await admin.close();
    if (!(failure instanceof Error)) break;
    assert.ok(round < 600, String(failure));
    await delay(100);
  }
  const { failed } = await startExample(t, folder, broker, "pump");
  const sent = [...ROWS, { humidity: 1 }];
  const keys = ["pump-7", "pump-8"];
  const producer = new kafka.Producer({ ...options, serializers: kafka.stringSerializers });
  const messages = sent.flatMap((row) =>
    keys.map((key) => ({ topic: "pump", key, value: JSON.stringify(row) })),
  );
  await producer.send({ messages });
  await producer.close();
  const answers = new Map<string, Answer[]>(keys.map((key) => [key, []]));
  const consumer = new kafka.Consumer({ ...options, deserializers: kafka.stringDeserializers });
  const scores = await consumer.consume({ topics: ["pump.scores"], mode: "earliest", autocommit: false });
  const readAll = async (): Promise<void> => {
    let left = messages.length;
    for await (const { key, value } of scores) {
      answers.get(key)?.push(JSON.parse(value) as Answer);
      if (--left === 0) return;
    }
  };
  await Promise.race([readAll(), failed]);
  await consumer.close(true);
  for (const key of keys) checkAnswers(answers.get(key) ?? []);
});
