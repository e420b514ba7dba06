/** Prints a sentence about the data or the training to stderr: stdout is for results. */
export function printNote(sentence: string): void {
  process.stderr.write(`Note: ${sentence}\n`);
}
