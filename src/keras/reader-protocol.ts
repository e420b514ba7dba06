/** What the thread that reads Keras files (reader-worker.ts) and the one that starts it (read-keras-file.ts) agree on. */
import type { StoredModel } from "./stored-model.js";

/** The most bytes of a file, and of the weights in one. */
export const FILE_LIMIT = 1024 * 1024 * 1024;

/** The model, or a sentence that says what is wrong with the file. */
export type ReaderAnswer =
  | { readonly model: StoredModel; readonly refusal?: undefined }
  | { readonly model?: undefined; readonly refusal: string };
