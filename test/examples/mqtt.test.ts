/** examples/mqtt with a real broker. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { type Answer, checkAnswers, installExample, packageOf, ROWS, startExample } from "./example.js";

interface Packet {
  readonly topic: string;
  readonly payload: Buffer | string;
  readonly qos: 1;
  readonly cmd: "publish";
  readonly dup: false;
  readonly retain: false;
}
interface Broker {
  readonly handle: (socket: Socket) => void;
  publish(packet: Packet, done: (error?: Error) => void): void;
  subscribe(topic: string, take: (packet: Packet, done: () => void) => void, done: () => void): void;
  close(done?: () => void): void;
}
interface Aedes {
  readonly Aedes: { createBroker(): Promise<Broker> };
}

test("rows that come over MQTT are scored in one stream", { timeout: 240_000 }, async (t) => {
  const folder = await installExample(t, "mqtt", { aedes: "^1.2.0" });
  if (folder === undefined) return;
  const { Aedes } = await packageOf<Aedes>(folder, "aedes");
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    broker.close();
  });
  const sent = [...ROWS, { humidity: 1 }];
  const answers: Answer[] = [];
  const all = new Promise<void>((resolve) => {
    const take = ({ payload }: Packet, done: () => void): void => {
      answers.push(JSON.parse(String(payload)) as Answer);
      if (answers.length === sent.length) resolve();
      done();
    };
    broker.subscribe("plant/pump/score", take, () => undefined);
  });
  const { port } = server.address() as AddressInfo;
  const { failed } = await startExample(t, folder, `mqtt://127.0.0.1:${port}`, "plant/pump");
  for (const row of sent) {
    const packet = { topic: "plant/pump", payload: JSON.stringify(row), qos: 1, cmd: "publish" } as const;
    await new Promise<void>((resolve, reject) => {
      broker.publish({ ...packet, dup: false, retain: false }, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }
  await Promise.race([all, failed]);
  checkAnswers(answers);
});
