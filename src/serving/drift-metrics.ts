/** What series answers said about drift, by version. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { Drift } from "../scoring/drift-decision.js";

const LABELS = ["model", "version"] as const;

/** What series answers of one version said about drift. An answer that could not say anything is not counted. */
export interface DriftFigures {
  answers: number;
  moved: number;
  last: Drift | null;
}

interface Labelled {
  readonly model: string;
  readonly version: string;
  readonly drift: DriftFigures;
}

/**
 * Registers the metrics of drift. Rows have an order within one series only, and the series of several requests may
 * overlap or come from several machines, so answers are counted and not joined.
 */
export function addDriftMetrics(registry: Registry, figures: () => Iterable<Labelled>): void {
  const registers = [registry];
  new Counter({
    name: "residua_drift_answers_total",
    help: "Series answers long enough to say whether the normal level has moved",
    labelNames: LABELS,
    registers,
    collect() {
      this.reset();
      for (const { model, version, drift } of figures()) this.inc({ model, version }, drift.answers);
    },
  });
  new Counter({
    name: "residua_drift_moved_answers_total",
    help: "Those of residua_drift_answers_total that said it has moved",
    labelNames: LABELS,
    registers,
    collect() {
      this.reset();
      for (const { model, version, drift } of figures()) this.inc({ model, version }, drift.moved);
    },
  });
  new Gauge({
    name: "residua_drift_moved",
    help: "1 where the last such answer said that the normal level has moved, else 0",
    labelNames: LABELS,
    registers,
    collect() {
      this.reset();
      for (const { model, version, drift } of figures()) {
        if (drift.last !== null) this.set({ model, version }, drift.last.moved ? 1 : 0);
      }
    },
  });
}
