/** Changes aliases.json in an object store by compare and swap: what another writer changed meanwhile is never lost. */
import { randomUUID } from "node:crypto";
import { ResiduaError } from "../../errors.js";
import { type Aliases, checkAliasesSize, encodeAliases, parseAliases, refuseDamaged } from "../aliases.js";
import type { ModelBucket } from "./model-bucket.js";
import type { Condition } from "./object-client.js";

/** How often a change is tried that others come before. */
const ATTEMPTS = 10;
const PAUSE_MS = 50;

interface StoredAliases {
  readonly aliases: Aliases;
  /** What has to hold for them to be replaced. */
  readonly condition: Condition;
  /** The marks of those who wrote them. */
  readonly writers: readonly string[];
}

/** The aliases of a model as they are now; none where there is no object. @throws InputError where they are damaged. */
export async function fetchAliases(bucket: ModelBucket, name: string): Promise<StoredAliases> {
  const content = await bucket.client.get(bucket.aliasesKey(name), checkAliasesSize);
  if (content === undefined) return { aliases: new Map(), condition: "new", writers: [] };
  const aliases = parseAliases(Buffer.from(content.bytes).toString("utf8"));
  return { aliases, condition: { etag: content.etag }, writers: content.writers };
}

/** As `changeAliases` of a store. */
export async function swapAliases(
  bucket: ModelBucket,
  name: string,
  change: (aliases: Map<string, string>) => void,
): Promise<void> {
  await bucket.checkConditions();
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { aliases, condition, writers } = await fetchAliases(bucket, name).catch(
      refuseDamaged("No alias can be changed"),
    );
    const changed = new Map(aliases);
    change(changed);
    const bytes = encodeAliases(changed);
    const key = bucket.aliasesKey(name);
    if ((await bucket.client.put(key, bytes, randomUUID(), condition, writers)) !== undefined) return;
    await bucket.client.pause(PAUSE_MS * attempt);
  }
  throw new ResiduaError(
    "CONFLICT",
    `The aliases of model "${name}" were changed by others each of the ${ATTEMPTS} times that they were about to be changed here; they are as those have set them. Try again.`,
    { retryAfterSeconds: 1 },
  );
}
