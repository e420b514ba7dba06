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
