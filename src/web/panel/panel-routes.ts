// Every page and form of the panel.
import type { Route } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';
import { assetsRoutes } from './assets-routes.ts';
import { dashboardPage } from './dashboard-page.ts';
import { buildForm, cancelForm, decideForm, replayForm, retryForm, startRunForm } from './form-actions.ts';
import { pluginPage, pluginsPage } from './plugins-page.ts';
import type { Views } from './render-view.ts';
import { runPage } from './run-page.ts';
import { runsPage } from './runs-page.ts';

/** `programEnd` aborts when the server closes: work that outlives its request stops then. */
export function panelRoutes(ports: WebPorts, views: Views, programEnd: AbortSignal): readonly Route[] {
  return [
    { method: 'GET', path: '/', answer: (request) => dashboardPage(ports, views, request) },
    { method: 'GET', path: '/runs', answer: (request) => runsPage(ports, views, request) },
    { method: 'GET', path: '/runs/:id', answer: (request) => runPage(ports, views, request) },
    { method: 'POST', path: '/runs/:id/cancel', answer: (request) => cancelForm(ports, request) },
    { method: 'POST', path: '/runs/:id/retry', answer: (request) => retryForm(ports, request) },
    { method: 'POST', path: '/runs/:id/replay', answer: (request) => replayForm(ports, request) },
    { method: 'POST', path: '/runs/:id/approvals/:hook', answer: (request) => decideForm(ports, request) },
    { method: 'POST', path: '/pipelines/:name/runs', answer: (request) => startRunForm(ports, request) },
    { method: 'GET', path: '/plugins', answer: () => pluginsPage(ports, views) },
    { method: 'GET', path: '/plugins/:name', answer: (request) => pluginPage(ports, views, request) },
    { method: 'POST', path: '/plugins/:name/build', answer: (request) => buildForm(ports, request, programEnd) },
    ...assetsRoutes(),
  ];
}
