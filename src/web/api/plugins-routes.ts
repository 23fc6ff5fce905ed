// Plugins and pipelines: list, show, build.
import { GantryError } from '../../core/errors/gantry-error.ts';
import { soloPipelineName, type HookSpec, type Pipeline } from '../../core/pipeline.ts';
import type { PluginStatus } from '../../core/plugin.ts';
import type { Section } from '../../core/run.ts';
import type { TriggerView } from '../../triggers/schedules.ts';
import { readJsonObject } from '../http/read-json.ts';
import { jsonAnswer, type Answer, type Route, type WebRequest } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';
import { pluginView, pluginViews, storedVersions } from './plugin-view.ts';
import { accepted, readInput, readKey, triggerOf } from './start-run-route.ts';
import { nameOf } from './route-params.ts';

/** @throws GantryError PLUGIN_NOT_FOUND */
export function findPlugin(ports: WebPorts, name: string): PluginStatus {
  const status = ports.catalog.statuses().find((candidate) => candidate.name === name);
  if (status === undefined) throw new GantryError('PLUGIN_NOT_FOUND', `There is no plugin "${name}".`);
  return status;
}

export interface PipelineView {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly params: Pipeline['params'];
  readonly timeoutMs: number;
  readonly priority: number;
  readonly onMergeConflict: Pipeline['onMergeConflict'];
  readonly durability: Pipeline['durability'];
  readonly triggers: readonly TriggerView[];
  readonly hooks: readonly {
    readonly name: string;
    readonly timeoutMs: number | null;
    /** ids of the versions that serve the hook now, in order */
    readonly plugins: readonly string[];
    readonly section: Section;
    /** hooks that must have ended before it */
    readonly after: readonly string[];
  }[];
}

export function pipelineView(ports: WebPorts, pipeline: Pipeline): PipelineView {
  const snapshot = ports.catalog.snapshot();
  return {
    name: pipeline.name,
    version: pipeline.version,
    description: pipeline.description,
    params: pipeline.params,
    timeoutMs: pipeline.timeoutMs,
    priority: pipeline.priority,
    onMergeConflict: pipeline.onMergeConflict,
    durability: pipeline.durability,
    triggers: ports.schedules.triggersOf(pipeline),
    hooks: [
      ...pipeline.hooks.map((hook) => hookView(hook, 'main')),
      ...pipeline.onFailure.map((hook) => hookView(hook, 'onFailure')),
      ...pipeline.finally.map((hook) => hookView(hook, 'finally')),
    ],
  };

  function hookView({ name, after, timeoutMs }: HookSpec, section: Section): PipelineView['hooks'][number] {
    const plugins = snapshot.pluginsFor(pipeline.name, name).map(({ id }) => id);
    return { name, section, after, timeoutMs, plugins };
  }
}

export function pluginsRoutes(ports: WebPorts): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/plugins',
      answer: () => jsonAnswer({ items: pluginViews(ports), next: null }),
    },
    {
      method: 'GET',
      path: '/api/v1/plugins/:name',
      answer: (request) => answerPlugin(ports, request),
    },
    { method: 'POST', path: '/api/v1/plugins/reload', answer: (request) => answerReload(ports, request) },
    { method: 'POST', path: '/api/v1/plugins/:name/runs', answer: (request) => answerInvoke(ports, request) },
    { method: 'POST', path: '/api/v1/plugins/:name/build', answer: (request) => answerBuild(ports, request) },
    {
      method: 'GET',
      path: '/api/v1/pipelines',
      answer: () => answerPipelines(ports),
    },
    {
      method: 'POST',
      path: '/api/v1/pipelines/reload',
      answer: async () => {
        await ports.reloadPipelines();
        return answerPipelines(ports);
      },
    },
    {
      method: 'GET',
      path: '/api/v1/pipelines/:name',
      answer: (request) => {
        const name = nameOf(request, 'PIPELINE_NOT_FOUND');
        const pipeline = ports.pipelines().find((candidate) => candidate.name === name);
        if (pipeline === undefined) throw new GantryError('PIPELINE_NOT_FOUND', `There is no pipeline "${name}".`);
        return jsonAnswer(pipelineView(ports, pipeline));
      },
    },
  ];
}

function answerPipelines(ports: WebPorts): Answer {
  const items = ports.pipelines().map((item) => pipelineView(ports, item));
  return jsonAnswer({ items, next: null, problems: ports.pipelineProblems() });
}

async function answerPlugin(ports: WebPorts, request: WebRequest): Promise<Answer> {
  const name = nameOf(request, 'PLUGIN_NOT_FOUND');
  const view = pluginView(ports, findPlugin(ports, name));
  const versions = await storedVersions(ports, view, request.signal);
  return jsonAnswer({ ...view, versions, buildLog: ports.builds.buildLog(name) });
}

/** Waits for the builds, which have deadlines of their own. */
async function answerReload(ports: WebPorts, request: WebRequest): Promise<Answer> {
  await ports.builds.reload(request.gone);
  return jsonAnswer({ items: pluginViews(ports), next: null });
}

/** A run of one plugin alone, outside of any declared pipeline (core/pipeline.ts, `soloPipelineName`); accepted like any run. */
async function answerInvoke(ports: WebPorts, request: WebRequest): Promise<Answer> {
  const name = nameOf(request, 'PLUGIN_NOT_FOUND');
  findPlugin(ports, name);
  const idempotencyKey = readKey(request);
  const { params, data } = readInput(await readJsonObject(request));
  const { run, isRepeat } = await ports.runs.startRun(
    { pipeline: soloPipelineName(name), trigger: triggerOf(request), params, data, idempotencyKey },
    { signal: request.signal },
  );
  return accepted(run, isRepeat);
}

/** Waits for the build, which has its own deadline: long ones are watched with `request.gone` only. */
async function answerBuild(ports: WebPorts, request: WebRequest): Promise<Answer> {
  const name = nameOf(request, 'PLUGIN_NOT_FOUND');
  findPlugin(ports, name);
  await ports.builds.build(name, request.gone);
  const view = pluginView(ports, findPlugin(ports, name));
  return jsonAnswer({ ...view, buildLog: ports.builds.buildLog(name) });
}
