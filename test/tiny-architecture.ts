/** The smallest network with a recurrence that is worth its name, for tests to which its shape does not matter. */
import type { ArchitectureOptions } from "../src/network/architectures.js";

export const TINY_ARCHITECTURE: ArchitectureOptions = {
  family: "reconstruction",
  timesteps: 4,
  features: 2,
  units: [3],
  activation: "tanh",
};
