/** The sections `alarms` and `drift` of a manifest: what a model knows of how normal scores behave. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { InputError } from "../errors.js";
import { alarmRuleFor } from "../scoring/alarm-choice.js";
import { LARGEST_N } from "../scoring/alarms.js";
import { MOST_CORRELATION } from "../scoring/drift-reference.js";
import { eventsPerRow, FALSE_ALARMS_PATTERN, parseFalseAlarms } from "../scoring/false-alarms.js";
import type { NormalBehaviour, ScorerBehaviour } from "../scoring/normal-behaviour.js";
import { SCORER_NAMES, type ScorerName } from "../scoring/scorers/scorers.js";
import { KNOWN_SECTIONS, type Section } from "./manifest.js";

const { alarms: ALARMS_VERSION, drift: DRIFT_VERSION } = KNOWN_SECTIONS;

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Share = Type.Number({ minimum: 0, maximum: 1 });
const Count = Type.Integer({ minimum: 0 });

const AlarmsSchema = Type.Object({
  version: Type.Literal(ALARMS_VERSION),
  stepMs: Nullable(Type.Number({ exclusiveMinimum: 0 })),
  falseAlarms: Nullable(Type.String({ pattern: FALSE_ALARMS_PATTERN })),
  scorers: Type.Record(
    Type.String(),
    Type.Object({
      begin: Type.Object({
        k: Type.Integer({ minimum: 1, maximum: LARGEST_N }),
        n: Type.Integer({ minimum: 1, maximum: LARGEST_N }),
      }),
      rows: Type.Integer({ minimum: 1 }),
      normal: Type.Object({ median: Type.Number(), upper: Type.Number() }),
      errorLimit: Type.Number({ minimum: 0 }),
      table: Type.Array(Type.Tuple([Type.Number(), Count]), { minItems: 1, maxItems: 4096 }),
    }),
  ),
});
type Alarms = Static<typeof AlarmsSchema>;

const DriftSchema = Type.Object({
  version: Type.Literal(DRIFT_VERSION),
  scorers: Type.Record(
    Type.String(),
    Type.Object({
      blockRows: Type.Integer({ minimum: 1 }),
      blocks: Type.Integer({ minimum: 2 }),
      mean: Share,
      deviation: Type.Number({ minimum: 0 }),
      correlation: Type.Number({ minimum: 0, maximum: MOST_CORRELATION }),
      range: Type.Optional(Type.Tuple([Share, Share])),
    }),
  ),
});

const alarmsCheck = TypeCompiler.Compile(AlarmsSchema);
const driftCheck = TypeCompiler.Compile(DriftSchema);

/** The sections for a manifest; none for a model without a calibration. */
export function encodeBehaviour(behaviour: NormalBehaviour | undefined): Record<string, Section> {
  if (behaviour === undefined) return {};
  const { stepMs = null, falseAlarms = null, scorers } = behaviour;
  const alarms: [string, object][] = [];
  const drift: [string, object][] = [];
  for (const [name, own] of Object.entries(scorers)) {
    const { k, n, rows, normal, table } = own.alarms;
    alarms.push([name, { begin: { k, n }, rows, normal, errorLimit: own.errorLimit, table }]);
    if (own.drift !== undefined) drift.push([name, own.drift]);
  }
  return {
    alarms: { version: ALARMS_VERSION, stepMs, falseAlarms, scorers: Object.fromEntries(alarms) },
    ...(drift.length === 0 ? {} : { drift: { version: DRIFT_VERSION, scorers: Object.fromEntries(drift) } }),
  };
}

/**
 * Reads the sections of a manifest. What is there of a scorer that this program does not know is passed over.
 *
 * @param sections by name; those of a newer version count as missing.
 * @param defaultScorer the scorer that the false alarms are for.
 * @returns undefined without the section `alarms`.
 * @throws InputError where a section is not of its form, or its parts contradict each other.
 */
export function decodeBehaviour(
  sections: ReadonlyMap<string, Section>,
  defaultScorer: ScorerName,
): NormalBehaviour | undefined {
  const alarms = sections.get("alarms");
  if (alarms === undefined || alarms.version > ALARMS_VERSION) return undefined;
  if (!alarmsCheck.Check(alarms)) throw wrong("alarms", alarmsCheck.Errors(alarms).First());
  const drift = sections.get("drift");
  const isDriftKnown = drift !== undefined && drift.version <= DRIFT_VERSION;
  if (isDriftKnown && !driftCheck.Check(drift)) throw wrong("drift", driftCheck.Errors(drift).First());
  const references = isDriftKnown ? (drift as Static<typeof DriftSchema>).scorers : {};
  const scorers: Partial<Record<ScorerName, ScorerBehaviour>> = {};
  for (const name of SCORER_NAMES) {
    const own = Object.hasOwn(alarms.scorers, name) ? alarms.scorers[name] : undefined;
    if (own === undefined) continue;
    checkAlarms(own, name);
    const { begin, rows, normal, errorLimit, table } = own;
    const reference = Object.hasOwn(references, name) ? references[name] : undefined;
    scorers[name] = { alarms: { ...begin, rows, normal, table }, errorLimit, drift: reference };
  }
  const stepMs = alarms.stepMs ?? undefined;
  const falseAlarms = alarms.falseAlarms ?? undefined;
  if (falseAlarms !== undefined) checkFalseAlarms(falseAlarms, stepMs, scorers[defaultScorer]);
  return { stepMs, falseAlarms, scorers };
}

function checkAlarms({ begin, table }: Alarms["scorers"][string], name: string): void {
  const refuse = (what: string): never => {
    throw new InputError(`The section "alarms" of manifest.json is wrong for scorer ${name}: ${what}.`);
  };
  if (begin.k > begin.n) refuse(`an event cannot need ${begin.k} of ${begin.n} timesteps`);
  for (let i = 1; i < table.length; i++) {
    const [threshold, events] = table[i]!;
    if (!(threshold < table[i - 1]![0])) refuse("thresholds do not go down");
    if (events < table[i - 1]![1]) refuse("a lower threshold has fewer events");
  }
}

/** Checks that there is an alarm rule for the false alarms that the model is judged by. */
function checkFalseAlarms(
  text: string,
  stepMs: number | undefined,
  behaviour: ScorerBehaviour | undefined,
): void {
  try {
    if (behaviour === undefined) throw new Error("The default scorer has no alarms.");
    alarmRuleFor(behaviour.alarms, eventsPerRow(parseFalseAlarms(text), stepMs));
  } catch (error) {
    throw new InputError(
      `The section "alarms" of manifest.json cannot keep ${text}: ${(error as Error).message}`,
    );
  }
}

function wrong(section: string, problem: { path: string; message: string } | undefined): InputError {
  const where = problem === undefined ? "" : ` (${problem.path}: ${problem.message})`;
  return new InputError(`The section "${section}" of manifest.json does not fit its schema${where}.`);
}
