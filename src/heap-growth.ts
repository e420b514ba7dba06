/**
 * How V8's heap grows, for a process whose memory is mostly bodies and arrays: these lie outside of the heap, ten times
 * as large as the objects that hold them. Imported before everything else, since it has no effect on what has grown
 * already.
 */
import { setFlagsFromString } from "node:v8";

// They are freed when the young generation is collected; grown from its first size of about a megabyte to its usual
// one, that happens after a hundred megabytes of them.
setFlagsFromString("--semi-space-growth-factor=1");
// They count as growth of the old generation, which is small: its usual limit is reached after twenty megabytes of
// them, and then the whole heap is collected, ten times a second. Four times what is live instead.
setFlagsFromString("--heap-growing-percent=300");
