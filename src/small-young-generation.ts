/**
 * Keeps V8's young generation at its first size of about a megabyte.
 *
 * A request's bodies and arrays lie outside of the heap, ten times as large as the objects that hold them. Those are
 * freed when the young generation is collected; grown to its usual size, that happens after a hundred megabytes of
 * them, long before which the whole heap is collected for it, twenty times a second. Imported before everything else,
 * since it has no effect on what has grown already.
 */
import { setFlagsFromString } from "node:v8";

setFlagsFromString("--semi-space-growth-factor=1");
