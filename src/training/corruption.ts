/** Corrupted windows: a denoising autoencoder reads them and is trained to give the uncorrupted ones. */
import type { Corruption, RowShape } from "../network/network.js";
import type { Random } from "../network/random.js";

/**
 * A corrupted copy of scaled windows. `masking` sets each reading to 0, the training mean in scaled units, with
 * probability `rate`; `gaussian` adds noise of `stddev`. Unlike in dropout nothing is rescaled, so the readings
 * that are left keep the size they have when the network is served (Vincent et al. 2010, "Stacked Denoising
 * Autoencoders", JMLR 11). Covariates are left as they are.
 */
export function corruptWindows(
  windows: Float32Array,
  corruption: Corruption,
  random: Random,
  row: RowShape,
): Float32Array {
  const corrupted = Float32Array.from(windows);
  for (let i = 0; i < corrupted.length; i++) {
    if (i % row.width >= row.features) continue;
    if (corruption.kind === "gaussian") corrupted[i]! += corruption.stddev * random.normal();
    else if (random.uniform() < corruption.rate) corrupted[i] = 0;
  }
  return corrupted;
}
