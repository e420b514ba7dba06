/**
 * Numbers between the bytes of a request or an answer and typed arrays. Memory behind the tables is the
 * caller's to lay out.
 */
export { features, findMatrix, others, rows, valueEnd, valueStart, windows } from "./matrix";
export { writeWindows } from "./window";
