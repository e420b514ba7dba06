import type { TrainOptions } from "../../src/training/train-model.js";

/** Options of a training that takes a moment, without folds, early stopping or a linear path. */
export const QUICK_TRAINING: TrainOptions = {
  architecture: { family: "reconstruction", timesteps: 6, units: [4], activation: "tanh" },
  linearPath: null,
  linearPathTraining: "fixed",
  stride: 1,
  loss: "mse",
  epochs: 2,
  batchSize: 16,
  learningRate: 0.01,
  patience: undefined,
  clipNorm: 1,
  windowsPerEpoch: 8192,
  validation: 0.1,
  folds: 0,
  calibration: 0.2,
  scaler: "standard",
  clip: 20,
  minCoverage: 0.5,
  corruption: undefined,
  slowTrend: undefined,
  amplitude: undefined,
  falseAlarms: undefined,
  falseAlarmRate: 0.1,
  threshold: undefined,
  seed: 3,
};
