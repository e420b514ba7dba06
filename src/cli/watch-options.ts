/** The options of `watch` that no other command has. Each parser throws InputError with one sentence. */
import { duration } from "../data/option-values.js";
import { InputError } from "../errors.js";
import type { FeatureQuery } from "../watch/prometheus-source.js";
import { argument } from "./options.js";

/** Labels that scores have by themselves. */
const OWN_LABELS = ["model", "feature"];

/** `flow=rate(pump_litres_total[5m])`; the first "=" ends the name. */
export function featureQuery(text: string): FeatureQuery {
  const at = text.indexOf("=");
  const [feature, promql] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  if (at < 0 || feature === "" || promql === "") {
    throw new InputError('It has to be a feature of the model and a query, such as "flow=rate(litres[5m])".');
  }
  return { feature, promql };
}

/** `site=north`: a label of Prometheus, and its value. */
export function labelPair(text: string): readonly [label: string, value: string] {
  const [, label, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.+)$/s.exec(text) ?? [];
  if (label === undefined || value === undefined || label.startsWith("__")) {
    throw new InputError('It has to be the name of a label and its value, such as "site=north".');
  }
  if (OWN_LABELS.includes(label)) throw new InputError(`The label "${label}" is set by the program.`);
  return [label, value];
}

/** An address without credentials, and without a slash at the end. */
export function address(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    throw new InputError("It has to be an address that begins with http:// or https://, without ? and #.");
  }
  if (url.username !== "" || url.password !== "") {
    throw new InputError(
      "An address must not hold credentials, which others can see: set them in the environment.",
    );
  }
  return url.href.replace(/\/+$/, "");
}

/** As `address`, but with what a query holds, such as a key of its own. */
export function webhookAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new InputError(
      "It has to be an address that begins with http:// or https://, without credentials.",
    );
  }
  return url.href;
}

/** A length of time of at least a second. */
export function seconds(text: string): number {
  const ms = duration(text);
  if (ms < 1000) throw new InputError("It has to be a second or more, such as 30s, 1m or 1h.");
  return ms;
}

/** As `duration`; "0" and "0s" too. */
export function durationOrNone(text: string): number {
  return /^0+\s*(ms|s|m|min|h|d)?$/.test(text) ? 0 : duration(text);
}

/** For an option that may be named several times. */
export function several<Value>(
  parse: (text: string) => Value,
): (text: string, before?: readonly Value[]) => readonly Value[] {
  const one = argument(parse);
  return (text, before = []) => [...before, one(text)];
}
