/** Which content type of several a request would rather have, by its header Accept (RFC 9110, section 12.5.1). */

/**
 * The best of the offered types; of equally good ones the first that the client names, and the first offered where it
 * names none of them.
 *
 * @param offered the types, such as `text/csv`; the first is the default.
 */
export function preferredType<T extends string>(
  accept: string | undefined,
  offered: readonly [T, ...T[]],
): T {
  let best: T = offered[0];
  let most = 0;
  for (const item of accept?.split(",") ?? []) {
    const [type, ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const named = offered.find((one) => one === type);
    const quality = Number(parameters.find((one) => one.startsWith("q="))?.slice(2) ?? 1);
    if (named === undefined || !(quality > most)) continue;
    best = named;
    most = quality;
  }
  return best;
}
