// Writes grafana/dashboards/overview.json: `node grafana/generate-overview.ts`. A test fails when the committed file is stale.
import { writeFile } from 'node:fs/promises';
import { buildOverview } from './build-overview.ts';
import { OVERVIEW_ROWS } from './dashboard-panels.ts';

export function overviewText(): string {
  return `${JSON.stringify(buildOverview(OVERVIEW_ROWS), null, 2)}\n`;
}

if (import.meta.main) await writeFile(new URL('./dashboards/overview.json', import.meta.url), overviewText());
