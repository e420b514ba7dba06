import fc from "fast-check";
import { type ArchitectureOptions, FAMILIES, type Family } from "../../src/network/architectures.js";

const allowsLinearPath = ({ family, reverse }: { family: Family; reverse: boolean }): boolean =>
  !["prediction", "composite"].includes(family) && (family !== "reconstruction" || !reverse);

/** Every combination of options that means something. */
export const anyOptions: fc.Arbitrary<ArchitectureOptions> = fc
  .record({
    family: fc.constantFrom(...FAMILIES),
    timesteps: fc.integer({ min: 2, max: 7 }),
    horizon: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    features: fc.integer({ min: 1, max: 4 }),
    units: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 }),
    activation: fc.constantFrom("tanh" as const, "relu" as const, "sigmoid" as const),
    recurrentActivation: fc.constantFrom("sigmoid" as const, "hardSigmoid" as const),
    cell: fc.constantFrom("lstm" as const, "gru" as const, undefined),
    reverse: fc.boolean(),
    dropout: fc.constantFrom(0, 0.2),
    linearPath: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }),
    readsWindow: fc.boolean(),
  })
  .map(({ linearPath, readsWindow, ...options }) => ({
    ...options,
    ...(linearPath !== undefined && allowsLinearPath(options) && { linearPath }),
    ...(linearPath !== undefined &&
      allowsLinearPath(options) &&
      readsWindow && { encoderReads: "window" as const }),
    horizon: ["prediction", "composite"].includes(options.family) ? options.horizon : undefined,
    cell: ["reconstruction", "prediction", "composite"].includes(options.family) ? options.cell : undefined,
    reverse: options.reverse && ["reconstruction", "composite"].includes(options.family),
  }));
