/** The section `input` of a manifest: what a network reads beside readings. */
import { type Static, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { InputError } from "../errors.js";
import { CALENDAR_PARTS, type Calendar, CalendarInputs } from "../scoring/calendar.js";
import { KNOWN_SECTIONS, type Section } from "./manifest.js";

const { input: INPUT_VERSION } = KNOWN_SECTIONS;

const InputSchema = Type.Object({
  version: Type.Literal(INPUT_VERSION),
  calendar: Type.Object({
    parts: Type.Array(Type.Union(CALENDAR_PARTS.map((part) => Type.Literal(part))), {
      minItems: 1,
      uniqueItems: true,
    }),
    timeZone: Type.String(),
  }),
});

const check = TypeCompiler.Compile(InputSchema);

/** The section for a manifest, without which the model means nothing; none where the network reads readings alone. */
export function encodeInput(calendar: Calendar | undefined): Record<string, Section> {
  if (calendar === undefined) return {};
  const { parts, timeZone } = calendar;
  return { input: { version: INPUT_VERSION, required: true, calendar: { parts: [...parts], timeZone } } };
}

/**
 * Reads the section of a manifest.
 *
 * @param sections by name; one of a newer version counts as missing.
 * @throws InputError where it is not of its form, or there is no such time zone here.
 */
export function decodeInput(sections: ReadonlyMap<string, Section>): Calendar | undefined {
  const input = sections.get("input");
  if (input === undefined || input.version > INPUT_VERSION) return undefined;
  if (!check.Check(input)) {
    const problem = check.Errors(input).First();
    const where = problem === undefined ? "" : ` (${problem.path}: ${problem.message})`;
    throw new InputError(`The section "input" of manifest.json does not fit its schema${where}.`);
  }
  const { parts, timeZone } = (input as Static<typeof InputSchema>).calendar;
  // In the order in which the network reads them.
  const calendar = { parts: CALENDAR_PARTS.filter((part) => parts.includes(part)), timeZone };
  void new CalendarInputs(calendar);
  return calendar;
}
