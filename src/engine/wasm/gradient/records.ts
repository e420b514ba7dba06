/**
 * What the kernels read from memory, field by field in the order of the classes in assembly/plan.ts; every field is
 * one 32-bit word, but for the float64 ones at the head of a job.
 */
export const VALUE_FIELDS = ["steps", "width", "rowBytes", "stepBytes", "data", "gradient"] as const;
export type Value = Record<(typeof VALUE_FIELDS)[number], number>;

export const OPERATION_KINDS = ["load", "lstm", "dense", "repeat", "dropout", "reshape", "loss"] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

export const OPERATION_FIELDS = [
  "kind",
  "input",
  "output",
  "accumulate",
  "activation",
  "recurrentActivation",
  "kernel",
  "kernelTile",
  "recurrentKernel",
  "recurrentTile",
  "turnedKernel",
  "turnedRecurrent",
  "bias",
  "tiles",
  "tied",
  "repeated",
  "steps",
  "units",
  "gates",
  "gatesTile",
  "gatesStep",
  "states",
  "cells",
  "stateRow",
  "stateStep",
  "cellGradient",
  "projected",
  "projectedTile",
  "lastUnits",
  "dropped",
  "layer",
  "start",
  "reversed",
] as const;
export type OperationField = (typeof OPERATION_FIELDS)[number];

export const WEIGHT_GRADIENT_FIELDS = [
  "rows",
  "depth",
  "tiles",
  "a",
  "aRow",
  "b",
  "bTile",
  "bRow",
  "c",
  "cTile",
  "chained",
  "biasTiles",
  "summedRows",
  "summed",
  "summedTile",
  "summedRow",
  "bias",
] as const;
export type WeightGradient = Partial<Record<(typeof WEIGHT_GRADIENT_FIELDS)[number], number>>;

export const TURN_FIELDS = ["rows", "tiles", "from", "fromTile", "to"] as const;

/** float64, before the words. */
export const JOB_NUMBERS = ["loss", "correctedRate", "clipNorm"] as const;
export const JOB_FIELDS = [
  "mode",
  "threads",
  "nextWindow",
  "nextWeightGradient",
  "nextUpdate",
  "nextTurn",
  "turned",
  "finished",
  "arrived",
  "phase",
  "windows",
  "groupWindows",
  "blockWindows",
  "timesteps",
  "features",
  "inputs",
  "targets",
  "windowWeights",
  "absolute",
  "seed",
  "step",
  "updated",
  "operations",
  "lastOperations",
  "operationCount",
  "weightGradients",
  "lastWeightGradients",
  "weightGradientCount",
  "turns",
  "turnCount",
  "scratch",
  "scratchBytes",
  "losses",
  "squares",
  "parameters",
  "gradients",
  "firstMoments",
  "secondMoments",
  "parameterCount",
] as const;
export type JobNumber = (typeof JOB_NUMBERS)[number];
export type JobField = (typeof JOB_FIELDS)[number];

export const MODES = ["evaluate", "gradients", "train"] as const;
export type Mode = (typeof MODES)[number];

/**
 * Where things stand at the start of the memory. First a word for each thread, which counts the jobs it is to work on;
 * the kernels' constants are put in [1024, JOB) by their compiler.
 */
export const TICKETS = 0;
export const MAX_THREADS = 128;
/** Not 0: there are no more jobs. */
export const CLOSED = 4 * MAX_THREADS;
export const JOB = 4096;
/** Masks of 1, 2, 3 and 4 of four lanes. */
export const LANE_MASKS = 4608;
export const HEAP = 5120;

/** The index of a job's word in an Int32Array over the memory. */
export function jobWord(field: JobField): number {
  return JOB / 4 + 2 * JOB_NUMBERS.length + JOB_FIELDS.indexOf(field);
}

/** The index of a job's number in a Float64Array over the memory. */
export function jobNumber(field: JobNumber): number {
  return JOB / 8 + JOB_NUMBERS.indexOf(field);
}

/** The words of one record; fields it does not have are 0. */
export function recordWords<Field extends string>(
  fields: readonly Field[],
  record: Partial<Record<Field, number>>,
): Int32Array {
  // Through Uint32Array: an address or a share of 2^32 may have the highest bit.
  const words = Uint32Array.from(fields, (field) => record[field] ?? 0);
  return new Int32Array(words.buffer);
}
