/** Values of options that only the command line has. Each parser throws InputError with one sentence. */
import { nameList, wholeNumber } from "../data/option-values.js";
import { InputError } from "../errors.js";
import { seed } from "../training/option-parsers.js";

const MOST_SEEDS = 100;

/** Seeds: `1,2,3`; or their number: `3` means 1, 2 and 3. */
export function seedList(text: string): number[] {
  if (!text.includes(",")) return Array.from({ length: wholeNumber(1, MOST_SEEDS)(text) }, (_, i) => i + 1);
  return nameList(text).map(seed);
}

/** A file to write JSON to. Its name has to say so, so that a data file named by mistake is not overwritten. */
export function jsonFile(text: string): string {
  if (!/\.json$/i.test(text)) throw new InputError("The file's name has to end in .json.");
  return text;
}
