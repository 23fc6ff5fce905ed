// The documents name every route and every metric there is.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../../src/observe/metric-definitions.ts';
import { apiRoutes } from '../../../src/web/api/api-routes.ts';
import { liveRoutes } from '../../../src/web/live/live-routes.ts';
import { LiveSlots } from '../../../src/web/live/live-slots.ts';
import type { WebPorts } from '../../../src/web/ports.ts';

function read(name: string): string {
  return readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
}

describe('docs/api.md', () => {
  it('names every route of the API', () => {
    const text = read('api.md');
    const ports = {} as WebPorts;
    const routes = [...apiRoutes(ports), ...liveRoutes(ports, new LiveSlots(1))];
    const missing = routes
      .map(({ method, path }) => `${method} ${path.replace('/api/v1', '').replaceAll(/:(\w+)/g, '{$1}')}`)
      .filter((route) => !text.includes(`\`${route}`));
    expect(missing).toEqual([]);
  });
});

describe('docs/operations.md', () => {
  it('tells of every metric with its labels', () => {
    const text = read('operations.md').replaceAll(/\s+/g, ' ');
    for (const { name, labels, help } of Object.values(METRICS))
      expect(text).toContain(`- \`${name}\`${labels.length === 0 ? '' : ` (${labels.join(', ')})`}: ${help}`);
  });
});
