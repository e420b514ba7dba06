/**
 * Settings of V8's garbage collector for a process whose memory is mostly typed arrays and buffers. Their bytes are
 * outside the heap, and about ten times as many as the bytes of the objects that hold them; V8's defaults are made for
 * the opposite. Imported before everything else, because the flags do not apply to what has already grown.
 */
import { setFlagsFromString } from "node:v8";

// A collection of the young generation (its size: the semi-space) frees short-lived buffers. V8 starts with a
// semi-space of about a megabyte and lets it grow, until a hundred megabytes of buffers pile up between two
// collections. A growth factor of 1 keeps it at its first size.
setFlagsFromString("--semi-space-growth-factor=1");
// V8 counts the bytes of buffers as growth of the old generation. That is small here: twenty megabytes of buffers reach
// its limit, and the whole heap is collected ten times a second. The limit becomes four times the live bytes.
setFlagsFromString("--heap-growing-percent=300");
// Optimised code refers to the hidden classes of the objects it was compiled for, and V8 drops it with them when no such
// object is left: when the last connection has closed. Classes are kept for two collections of the whole heap unless told
// otherwise, and for none by the collection that reduces memory after eight seconds without requests: whoever came next
// found a service half as fast. With these flags that collection still frees garbage, and the code stays.
setFlagsFromString("--retain-maps-for-n-gc=1000");
// An earlier V8 has no such flag, and complains about unknown ones.
if (Number(process.versions.node.split(".")[0]) >= 24) setFlagsFromString("--no-memory-reducer-favors-memory");
