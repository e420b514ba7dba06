/** Compares the numbers of two executables of one network, since what computes one of them is not known to be right. */
import { ResiduaError } from "../../errors.js";
import { windowSize } from "../../network/network.js";
import type { Executable } from "../engine.js";

/** As many windows as are compared: more than one, so that a mix-up of windows shows. */
const WINDOWS = 3;
/** The tolerance of a bundle's golden windows, beside the larger of 1 and the number itself. */
const TOLERANCE = 1e-4;

/**
 * The executable, once another one of its network has answered the same windows with the same numbers.
 * @param loadReference the one that is right; it is closed again.
 * @param by what computes the reference, as messages name it.
 * Rejects with INFERENCE_FAILED where the numbers differ, and as running or `loadReference` does; the executable is
 * closed then.
 */
export async function checked(
  executable: Executable,
  loadReference: () => Promise<Executable>,
  by: string,
): Promise<Executable> {
  try {
    const reference = await loadReference();
    try {
      const windows = someWindows(WINDOWS * windowSize(executable.network));
      const [got, want] = [await executable.run(windows, WINDOWS), await reference.run(windows, WINDOWS)];
      const difference = Math.max(
        largestDifference(got.embedding, want.embedding),
        ...want.heads.map((head, i) => largestDifference(got.heads[i]!, head)),
      );
      if (difference <= TOLERANCE) return executable;
      throw new ResiduaError(
        "INFERENCE_FAILED",
        `Its numbers differ by ${difference.toExponential(1)} from those of ${by}.`,
      );
    } finally {
      await reference.close();
    }
  } catch (error) {
    await executable.close();
    throw error;
  }
}

/** Numbers between -1 and 1 that do not repeat from window to window. */
function someWindows(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(1.7 * i));
}

/** Infinite where a number is not finite. */
function largestDifference(got: Float32Array, want: Float32Array): number {
  return want.reduce((most, number, i) => {
    const difference = Math.abs(got[i]! - number) / Math.max(1, Math.abs(number));
    return Math.max(most, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }, 0);
}
