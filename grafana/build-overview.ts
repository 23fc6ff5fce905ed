// Turns the declared panels into the document that Grafana provisions. Pure: same rows, same bytes.
import type { PanelDeclaration, RowDeclaration } from './dashboard-panels.ts';

const COLUMNS = 24;
const DATASOURCE = { type: 'prometheus', uid: 'gantry-prometheus' };
const HEIGHTS = { stat: 4, timeseries: 8 } as const;

interface Place {
  x: number;
  y: number;
  id: number;
  /** height of the line of panels that is being filled */
  height: number;
}

export function buildOverview(rows: readonly RowDeclaration[]): object {
  const panels: object[] = [];
  const place: Place = { x: 0, y: 0, id: 1, height: 0 };
  for (const row of rows) {
    startLine(place);
    panels.push({
      id: place.id++,
      type: 'row',
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y: place.y, w: COLUMNS, h: 1 },
    });
    place.y += 1;
    for (const panel of row.panels) panels.push(toPanel(panel, place));
  }
  return {
    uid: 'gantry-overview',
    title: 'Gantry overview',
    description: 'Runs, plugins, sandboxes, engine and store of Gantry. Generated: change grafana/dashboard-panels.ts.',
    tags: ['gantry'],
    editable: false,
    graphTooltip: 1,
    refresh: '10s',
    schemaVersion: 39,
    time: { from: 'now-1h', to: 'now' },
    timezone: 'utc',
    templating: { list: [] },
    annotations: { list: [] },
    panels,
  };
}

function startLine(place: Place): void {
  place.y += place.height;
  place.x = 0;
  place.height = 0;
}

function toPanel(panel: PanelDeclaration, place: Place): object {
  if (place.x + panel.width > COLUMNS) startLine(place);
  const height = HEIGHTS[panel.kind];
  const gridPos = { x: place.x, y: place.y, w: panel.width, h: height };
  place.x += panel.width;
  place.height = height;
  const isRelease = panel.title === 'Release';
  return {
    id: place.id++,
    type: panel.kind,
    title: panel.title,
    description: panel.description,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: {
      defaults: { unit: panel.unit, min: 0, ...(panel.kind === 'stat' ? {} : { custom: LINES }) },
      overrides: [],
    },
    options: panel.kind === 'stat' ? statOptions(isRelease) : LINE_OPTIONS,
    targets: panel.queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      editorMode: 'code',
      range: true,
    })),
  };
}

const LINES = { drawStyle: 'line', lineWidth: 2, fillOpacity: 8, showPoints: 'never', spanNulls: false };
const LINE_OPTIONS = {
  legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
  tooltip: { mode: 'multi', sort: 'desc' },
};

function statOptions(showsName: boolean): object {
  return {
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    colorMode: 'value',
    graphMode: 'area',
    textMode: showsName ? 'name' : 'auto',
  };
}
