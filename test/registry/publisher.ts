/** A process that publishes: `publisher.js FOLDER FIRST COUNT`. */
import { publishBundle } from "../../src/registry/bundle.js";
import { makeContents } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";

const [folder = "", first = "0", count = "1"] = process.argv.slice(2);
const engine = new ReferenceEngine();
for (let i = 0; i < Number(count); i++) {
  await publishBundle(folder, "pump", await makeContents(engine, 100 * (Number(first) + 1) + i));
}
