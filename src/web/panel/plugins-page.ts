// Plugins: the list, and one plugin with its limits, problems and build log.
import { escapeText } from '../../lib/escape-text.ts';
import { findPlugin } from '../api/plugins-routes.ts';
import { pluginView, pluginViews } from '../api/plugin-view.ts';
import { nameOf } from '../api/route-params.ts';
import type { Answer, WebRequest } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';
import { factRows, fieldRows } from './self-description-rows.ts';
import type { Views } from './render-view.ts';

const LOG_LINES_MAX = 500;

export function pluginsPage(ports: WebPorts, views: Views): Answer {
  return views.render(
    'plugins',
    { title: 'Plugins', section: 'plugins', live: '/api/v1/events' },
    { plugins: pluginViews(ports) },
  );
}

export function pluginPage(ports: WebPorts, views: Views, request: WebRequest): Answer {
  const name = nameOf(request, 'PLUGIN_NOT_FOUND');
  const plugin = pluginView(ports, findPlugin(ports, name));
  const lines = ports.builds.buildLog(name);
  return views.render(
    'plugin',
    { title: `Plugin ${name}`, section: 'plugins', live: '/api/v1/events' },
    {
      plugin,
      facts: factRows(plugin.metadata),
      fields: fieldRows(plugin.configUi),
      buildLog: lines.slice(-LOG_LINES_MAX).map(escapeText),
      isLogCut: lines.length > LOG_LINES_MAX,
    },
  );
}
