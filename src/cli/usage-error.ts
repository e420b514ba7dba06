/** The command line itself is wrong: exit status 2. `message` is one sentence. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
