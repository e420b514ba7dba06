/** The settings of a Device, and their defaults. */
import type { DeviceCommand } from "./device-connection.js";

export type DeviceLog = (level: "debug" | "info" | "warn" | "error", message: string) => void;

export interface DeviceOptions {
  readonly command: DeviceCommand;
  readonly log: DeviceLog;
  /**
   * Milliseconds before the next process starts, by how many in a row ended before one ran anything; the last entry
   * holds for all further ones.
   */
  readonly backoffMs?: readonly number[];
  /** Milliseconds after an exit for which runs wait for an answer before they are rejected. */
  readonly patienceMs?: number;
  /** The process is killed when one task takes longer than this many milliseconds. */
  readonly hangMs?: number;
  /** The process, which shows every second that it lives, is killed when it has not for this many milliseconds. */
  readonly silentMs?: number;
}

export const DEFAULT_BACKOFF_MS: readonly number[] = [0, 200, 500, 1_000, 2_000, 5_000];
export const DEFAULT_PATIENCE_MS = 4_000;
/** Longer than XLA takes to compile the largest network for one batch size. */
export const DEFAULT_HANG_MS = 120_000;
/** Five beats: a machine that is busy delays one or two. */
export const DEFAULT_SILENT_MS = 5_000;

/** The times after which a process is killed, with their defaults. */
export function limitsOf({ hangMs = DEFAULT_HANG_MS, silentMs = DEFAULT_SILENT_MS }: DeviceOptions) {
  return { hangMs, silentMs };
}
