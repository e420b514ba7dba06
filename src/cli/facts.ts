/** Facts as lines for a person: names, then values in a column of their own. */

export type Fact = readonly [name: string, value: string];

export function formatFacts(facts: readonly Fact[]): string {
  return facts.map(([name, value]) => `${`${name}:`.padEnd(11)}${value}\n`).join("");
}

/** Which version was published, and where it is. */
export function publishedFacts(
  name: string,
  { version, folder, sha256 }: { readonly version: string; readonly folder: string; readonly sha256: string },
): Fact[] {
  return [
    ["model", `${name} version ${version}`],
    ["folder", folder],
    ["sha256", sha256],
  ];
}
