/** Random small networks of every layer kind, for property tests. */
import fc from "fast-check";
import { ACTIVATIONS, type Head, type Layer, type Network, weightShapes } from "../../src/network/network.js";
import type { Weights } from "../../src/network/weights.js";
import { withFirstStates, withLinearPath, withNormalizations } from "./network-variants.js";

const RECURRENT_ACTIVATIONS = ["sigmoid", "hardSigmoid", "hardSigmoidKeras3"] as const;

const activation = fc.constantFrom(...ACTIVATIONS);
/** Around the borders of tiles (4 units, 16 columns) and of groups of tiles. */
const units = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 16, 17, 21);
const rate = fc.constantFrom(0, 0.2, 0.5);

type Step = (name: string) => Layer;

function recurrent(returnSequences: boolean): fc.Arbitrary<Step> {
  return fc
    .record({
      kind: fc.constantFrom("lstm" as const, "gru" as const),
      units,
      activation,
      recurrentActivation: fc.constantFrom(...RECURRENT_ACTIVATIONS),
    })
    .map((options) => (name) => ({ name, returnSequences, ...options }));
}

const dense = fc.record({ units, activation }).map(
  (options): Step =>
    (name) => ({ kind: "dense", name, ...options }),
);

const timeDistributed = fc.record({ units, activation }).map(
  (options): Step =>
    (name) => ({ kind: "timeDistributedDense", name, ...options }),
);

const dropout = rate.map(
  (value): Step =>
    (name) => ({ kind: "dropout", name, rate: value }),
);

const perStep = fc.array(fc.oneof(recurrent(true), timeDistributed, dropout), { maxLength: 2 });
const perVector = fc.array(fc.oneof(dense, dropout), { maxLength: 2 });

const flatten: Step = (name) => ({ kind: "flatten", name });

/** [T, F] -> [U]. */
const encoder = fc
  .tuple(perStep, fc.oneof(recurrent(false), fc.constant(flatten)), perVector)
  .map(([before, middle, after]) => [...before, middle, ...after]);

/** [U] -> [steps, features]. */
function decoder(steps: number, features: number): fc.Arbitrary<Step[]> {
  const repeated = fc
    .tuple(perVector, perStep)
    .map(([before, after]): Step[] => [
      ...before,
      (name) => ({ kind: "repeatVector", name, times: steps }),
      ...after,
      (name) => ({ kind: "timeDistributedDense", name, units: features, activation: "linear" }),
    ]);
  const reshaped = fc
    .tuple(perVector, activation)
    .map(([before, last]): Step[] => [
      ...before,
      (name) => ({ kind: "dense", name, units: steps * features, activation: last }),
      (name) => ({ kind: "reshape", name, shape: [steps, features] }),
    ]);
  return fc.oneof(repeated, reshaped);
}

function named(steps: readonly Step[], prefix: string): Layer[] {
  return steps.map((step, n) => step(`${prefix}${n}`));
}

const free = fc
  .record({
    timesteps: fc.integer({ min: 1, max: 5 }),
    horizon: fc.integer({ min: 0, max: 2 }),
    features: fc.constantFrom(1, 2, 3, 5, 17),
    covariates: fc.option(fc.constantFrom(1, 2, 4), { freq: 2 }),
  })
  .chain(({ timesteps, horizon, features, covariates }) => {
    const start = horizon > 0 ? timesteps : Math.min(1, timesteps - 1);
    const steps = timesteps + horizon - start;
    return fc
      .record({
        encoder,
        reconstruction: decoder(timesteps, features),
        prediction: fc.option(decoder(steps, features)),
        reversed: fc.boolean(),
      })
      .map((parts): Network => {
        const heads: Head[] = [
          {
            name: "reconstruction",
            start: 0,
            steps: timesteps,
            reversed: parts.reversed,
            layers: named(parts.reconstruction, "reconstruction"),
          },
        ];
        if (parts.prediction !== null) {
          const layers = named(parts.prediction, "prediction");
          heads.push({ name: "prediction", start, steps, reversed: false, layers });
        }
        return {
          timesteps: timesteps + horizon,
          inputSteps: timesteps,
          features,
          ...(covariates !== null && { covariates }),
          encoder: named(parts.encoder, "encoder"),
          heads,
        };
      });
  });

/** Dense layers whose decoder uses the encoder's matrices transposed. */
const tied = fc
  .record({
    timesteps: fc.integer({ min: 1, max: 3 }),
    features: fc.constantFrom(1, 3, 19),
    sizes: fc.tuple(units, units),
    activations: fc.tuple(activation, activation, activation),
  })
  .map(({ timesteps, features, sizes: [outer, inner], activations }): Network => {
    const [first, second, third] = activations;
    return {
      timesteps,
      inputSteps: timesteps,
      features,
      encoder: [
        { kind: "flatten", name: "flatten" },
        { kind: "dense", name: "outer", units: outer, activation: first },
        { kind: "dense", name: "inner", units: inner, activation: second },
      ],
      heads: [
        {
          name: "reconstruction",
          start: 0,
          steps: timesteps,
          reversed: false,
          layers: [
            { kind: "dense", name: "innerTied", units: outer, activation: third, tiedTo: "inner" },
            {
              kind: "dense",
              name: "outerTied",
              units: timesteps * features,
              activation: "linear",
              tiedTo: "outer",
            },
            { kind: "reshape", name: "reshape", shape: [timesteps, features] },
          ],
        },
      ],
    };
  });

/** Networks of every layer kind, with one or two heads, with and without a horizon, covariates, and tied matrices. */
const plain: fc.Arbitrary<Network> = fc.oneof({ arbitrary: free, weight: 4 }, tied);

/** The networks above, and some of them beside a linear path that is trained along. */
export const trainableNetworks: fc.Arbitrary<Network> = fc
  .tuple(plain, fc.option(units, { freq: 1 }))
  .map(([network, components]) =>
    components === null ? network : withLinearPath(network, components, true),
  );

/**
 * Networks of every layer kind, some of them with normalised layers, some with recurrent layers that start from the states
 * of others, and a third of them beside a linear path.
 */
export const networks: fc.Arbitrary<Network> = fc
  .tuple(
    plain,
    fc.option(units, { freq: 3 }),
    fc.option(fc.nat({ max: 3 }), { freq: 2 }),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([network, components, at, areStarted, readsWindow]) => {
    const normalized = at === null ? network : withNormalizations(network, at);
    const started = areStarted ? withFirstStates(normalized) : normalized;
    return components === null ? started : withLinearPath(started, components, readsWindow);
  });

/** Numbers in [-1, 1) that depend on the seed alone (Marsaglia 2003, "Xorshift RNGs"). */
export function someNumbers(seed: number, length: number): Float32Array {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x2545f491) | 1;
  return Float32Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  });
}

/** Weights of a size that keeps activations away from saturation; no bias is 0, where relu has no slope. */
export function someWeights(network: Network, seed: number): Weights {
  let n = seed;
  return new Map(
    [...weightShapes(network)].map(([name, shape]) => {
      const length = shape.reduce((a, b) => a * b, 1);
      const scale = shape.length === 1 ? 0.5 : 1 / Math.sqrt(shape[0]!);
      return [name, { shape, data: someNumbers(++n, length).map((value) => value * scale) }];
    }),
  );
}
