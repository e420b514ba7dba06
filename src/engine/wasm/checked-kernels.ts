/** Kernels with wide vectors where those give the same bits as narrow ones, and kernels with narrow vectors elsewhere. */
import { type KernelFolder, type Kernels, loadKernels } from "./kernels.js";
import { setWideVectors, supportsWideVectors, type WideVectors, withTurboFan } from "./wide-vectors.js";

/** Runs every kernel that can be wide, and returns the results. */
export type Probe = (kernels: Kernels) => Promise<Uint8Array>;

export type WarningLog = (level: "warn", message: string) => void;

export interface CheckOptions {
  readonly setting: WideVectors;
  readonly log: WarningLog;
}

/** Whether a check has failed, and this process has turned wide vectors off. */
let isRefused = false;

const checked = new Map<KernelFolder, Promise<Kernels>>();
/** One check at a time: each turns V8's flags, which all threads share, on and off. */
let lastCheck: Promise<unknown> = Promise.resolve();

/**
 * The kernels of a folder. With the setting `auto`, `probe` is run with narrow and with wide vectors first, once a
 * process: if a bit of the results differs, or the wide kernels fail, V8 is told to make no more wide code, one line is
 * logged, and the narrow kernels are used. Rejects where the narrow kernels fail.
 */
export async function checkedKernels(
  folder: KernelFolder,
  probe: Probe,
  { setting, log }: CheckOptions,
): Promise<Kernels> {
  if (setting === "off" || !supportsWideVectors()) return loadKernels(folder, "narrow");
  let check = checked.get(folder);
  if (check === undefined) {
    check = lastCheck.then(() => compare(folder, probe, log));
    lastCheck = check.catch(() => undefined);
    checked.set(folder, check);
  }
  return check;
}

async function compare(folder: KernelFolder, probe: Probe, log: WarningLog): Promise<Kernels> {
  if (isRefused) return loadKernels(folder, "narrow");
  // The reference is narrow, whichever compiler makes its code. Kernels of the other folder that are in use keep their
  // wide code: their own probe had it compiled.
  setWideVectors(false);
  const expected = await probe(await loadKernels(folder, "reference"));
  let problem = "give other results than 128-bit vectors";
  try {
    const wide = await loadKernels(folder, "wide");
    const given = await withTurboFan(() => probe(wide));
    if (Buffer.compare(expected, given) === 0) return wide;
  } catch (error) {
    problem = `fail (${error instanceof Error ? error.message : String(error)})`;
  }
  isRefused = true;
  setWideVectors(false);
  log("warn", `256-bit vectors ${problem} here: the engine uses 128-bit vectors.`);
  // Not the reference, some of whose functions may have been compiled while wide vectors were on.
  return loadKernels(folder, "narrow");
}
