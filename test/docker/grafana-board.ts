/**
 * The Grafana board in docker/grafana/, made with Grafana's own builders. Run, this writes the file:
 *
 *     npm run setup && node dist/test/docker/grafana-board.js
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";
import { repository } from "../server-process.js";
import { type PanelPlan, ROWS } from "./board-panels.js";

export const BOARD_FILE = join(repository, "docker", "grafana", "residua.json");

const SOURCE = { type: "prometheus", uid: `\${datasource}` };
/** Grafana's grid has 24 columns. */
const WIDTH = 8;
const HEIGHT = 8;

function makePanel(plan: PanelPlan): stat.PanelBuilder | timeseries.PanelBuilder {
  const panel = plan.isStat
    ? new stat.PanelBuilder()
    : new timeseries.PanelBuilder()
        .lineWidth(1)
        .fillOpacity(8)
        .showPoints(VisibilityMode.Never)
        .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
        .legend(new VizLegendOptionsBuilder().showLegend(true))
        .min(0);
  panel.title(plan.title).description(plan.description).unit(plan.unit).datasource(SOURCE);
  panel.span(WIDTH).height(HEIGHT);
  for (const [index, [expression, legend]] of plan.queries.entries()) {
    panel.withTarget(
      new prometheus.DataqueryBuilder()
        .expr(expression)
        .legendFormat(legend)
        .refId(String.fromCharCode(65 + index))
        .datasource(SOURCE),
    );
  }
  return panel;
}

function makeVariable(name: string, label: string, query: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .query(query)
    .datasource(SOURCE)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current({ text: ["All"], value: ["$__all"] });
}

/** The board as JSON text. */
export function makeBoard(): string {
  const board = new dashboard.DashboardBuilder("Residua")
    .uid("residua")
    .tags(["residua"])
    .refresh("10s")
    .time({ from: "now-1h", to: "now" })
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .withVariable(
      new dashboard.DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus"),
    )
    .withVariable(makeVariable("instance", "replica", "label_values(residua_ready, instance)"))
    .withVariable(makeVariable("model", "model", "label_values(residua_model_ready, model)"));
  for (const [title, panels] of Object.entries(ROWS)) {
    board.withRow(new dashboard.RowBuilder(title));
    for (const plan of panels) board.withPanel(makePanel(plan));
  }
  return `${JSON.stringify(board.build(), undefined, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(BOARD_FILE, makeBoard());
