import assert from "node:assert/strict";
import { InputError } from "../../src/errors.js";

/** What a reading is refused with. Fails where it succeeds, or throws anything but an InputError. */
export async function refusal(reading: Promise<unknown>): Promise<string> {
  const error = await reading.then(
    () => assert.fail("it was read"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof InputError, String(error));
  return error.message;
}
