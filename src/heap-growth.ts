/**
 * Settings of V8's garbage collector for a process whose memory is mostly typed arrays and buffers. Their bytes are
 * outside the heap, and about ten times as many as the bytes of the objects that hold them; V8's defaults are made for
 * the opposite. Imported before everything else, because the flags do not apply to what has already grown.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

// A collection of the young generation frees short-lived buffers. V8 lets it grow until a hundred megabytes of buffers pile
// up between two collections, and shrinks it to a megabyte once there is little to do. A growth factor of 1 keeps it as it
// is. Whenever it is below the size that was chosen, it may double; that is looked at after each collection.
/** Of both halves, of which one is in use. */
const YOUNG_GENERATION_BYTES = 16 * 1024 ** 2;
let growthFactor = 0;
function adjustGrowth(): void {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  const factor = space !== undefined && space.space_size < YOUNG_GENERATION_BYTES ? 2 : 1;
  if (factor === growthFactor) return;
  growthFactor = factor;
  setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}
adjustGrowth();
new PerformanceObserver(adjustGrowth).observe({ entryTypes: ["gc"] });
// V8 counts the bytes of buffers as growth of the old generation. That is small here: twenty megabytes of buffers reach
// its limit, and the whole heap is collected ten times a second. The limit becomes four times the live bytes.
setFlagsFromString("--heap-growing-percent=300");
// Optimised code refers to the hidden classes of the objects it was compiled for, and V8 drops it with them when no such
// object is left: when the last connection has closed. Classes are kept for two collections of the whole heap unless told
// otherwise, and for none by the collection that reduces memory after eight seconds without requests: whoever came next
// found a service half as fast. With these flags that collection still frees garbage, and the code stays.
setFlagsFromString("--retain-maps-for-n-gc=1000");
// An earlier V8 has no such flag, and complains about unknown ones.
if (Number(process.versions.node.split(".")[0]) >= 24)
  setFlagsFromString("--no-memory-reducer-favors-memory");
