/**
 * The functions of the module: they read numbers from the bytes of a request body into arrays, and write arrays as the
 * bytes of an answer. The caller lays out the memory after the tables (./tables.ts).
 */
export { features, findMatrix, others, rows, valueEnd, valueStart, windows } from "./matrix";
export { writeWindows } from "./window";
