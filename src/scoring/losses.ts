/** The losses a network can be trained on: mean squared error and mean absolute error. */
export const LOSSES = ["mse", "mae"] as const;
export type Loss = (typeof LOSSES)[number];
