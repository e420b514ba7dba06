/** How fast an engine runs the autoencoder of a shape, compute alone, through the engine's public interface. */
import type { Engine } from "../../../src/engine/engine.js";
import { autoencoder, type Shape, someWeights, someWindows } from "./networks.js";
import { measureRate, type Rate } from "./rate.js";

export interface AutoencoderTask {
  readonly shape: Shape;
  readonly activation: "relu" | "tanh";
  /** Windows of a run. */
  readonly batches: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
}

/** Compiles the network, measures one batch size after the other, and closes it; returns the rates by batch size. */
export async function measureAutoencoder(
  engine: Engine,
  { shape, activation, batches, rounds, seconds }: AutoencoderTask,
): Promise<Map<number, Rate>> {
  const network = autoencoder(shape, activation);
  const executable = await engine.compile(network, someWeights(network));
  const rates = new Map<number, Rate>();
  for (const batch of batches) {
    const windows = someWindows(batch, shape);
    rates.set(batch, await measureRate(() => executable.run(windows, batch), batch, rounds, seconds));
  }
  await executable.close();
  return rates;
}
