/** A program: opens all files that it may, and then starts a device process. Prints what is reported of that. */
import { closeSync, openSync } from "node:fs";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import { DeviceConnection, type DeviceExit } from "../../../src/engine/tensorflow/device-connection.js";

const open: number[] = [];
try {
  for (;;) open.push(openSync("/dev/null", "r"));
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== "EMFILE") throw error;
}
const exits: DeviceExit[] = [];
const unexpected = (): never => {
  throw new Error("There is no process that could have said this.");
};
const connection = new DeviceConnection(
  { script: "none.js", scratchFolder: "/none", environment: {} },
  1_000,
  {
    line: unexpected,
    ready: unexpected,
    answer: unexpected,
    exit: (exit) => exits.push(exit),
  },
);
await yieldToEventLoop();
const { isSilent } = connection;
// Neither has anything to act on.
connection.hangUp();
connection.kill();
await yieldToEventLoop();
for (const descriptor of open) closeSync(descriptor);
console.log(JSON.stringify({ exits, isSilent }));
