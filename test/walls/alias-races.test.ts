/** aliases.json that comes and goes while it is looked at and read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AliasFile } from "../../src/registry/alias-file.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { SIMULATED, SimulatedFiles } from "./simulated-files.js";

const FOLDER = `${SIMULATED}/pump`;
const FILE = `${FOLDER}/aliases.json`;

/** Every moment, counted in operations, at which the file comes, and every later one at which it goes. */
const MOMENTS = Array.from({ length: 8 }, (_, comes) =>
  Array.from({ length: 8 }, (_, stays) => [comes, comes + stays + 1] as const),
).flat();

for (const [comes, goes] of MOMENTS) {
  test(`that comes before operation ${comes} and goes before ${goes} is forgotten at last`, async (t) => {
    const files = new SimulatedFiles();
    let operation = 0;
    files.reset(async () => {
      if (operation === comes) files.write(FILE, Buffer.from('{"stable":"2"}'));
      if (operation === goes) files.remove(FILE);
      operation += 1;
    });
    t.after(files.install());
    files.mkdir(FOLDER);
    const aliases = new AliasFile(new FolderStore(SIMULATED), "pump");
    while (operation <= goes) await aliases.refresh();
    // One look for what has changed since, and one for what the look before may have missed.
    await aliases.refresh();
    await aliases.refresh();
    assert.deepEqual([[...aliases.aliases], aliases.reason], [[], undefined]);
  });
}
