/**
 * The thread of the device process that says once a second that the process lives, also while TensorFlow blocks its main
 * thread for minutes. A process that is stopped says nothing.
 */
import { writeSync } from "node:fs";
import { HEART_FD } from "./device-heartbeats.js";

const BEAT_MS = 1_000;

const timer = setInterval(beat, BEAT_MS);
beat();

function beat(): void {
  try {
    writeSync(HEART_FD, ".");
  } catch {
    // Nobody reads any more: the main thread ends by itself when its own pipe closes.
    clearInterval(timer);
  }
}
