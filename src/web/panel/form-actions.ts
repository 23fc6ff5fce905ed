// Forms of the panel: each changes one thing and leads to the page that shows it. That the request comes from the panel itself was
// checked by the guards in front.
import { DECISIONS } from '../../core/approval.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import { isJsonObject, type JsonValue } from '../../core/json.ts';
import { parseStrictText } from '../../core/strict-json.ts';
import { findPlugin } from '../api/plugins-routes.ts';
import { nameOf, runIdOf } from '../api/route-params.ts';
import { badRequest } from '../http/problem.ts';
import { redirectAnswer, type Answer, type WebRequest } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';

export async function startRunForm(ports: WebPorts, request: WebRequest): Promise<Answer> {
  const pipeline = nameOf(request, 'PIPELINE_NOT_FOUND');
  const form = await readForm(request);
  const params = jsonField(form, 'params');
  if (!isJsonObject(params)) throw badRequest('INPUT_INVALID', 'params', 'must be a JSON object');
  const { run } = await ports.runs.startRun(
    { pipeline, trigger: 'api', params, data: jsonField(form, 'data'), idempotencyKey: null },
    { signal: request.signal },
  );
  return redirectAnswer(`/runs/${run.id}`);
}

/** A run that ended in between needs no cancelling: its page says how it ended. */
export async function cancelForm(ports: WebPorts, request: WebRequest): Promise<Answer> {
  const id = runIdOf(request);
  try {
    await ports.runs.requestCancel(id, { signal: request.signal });
  } catch (error) {
    if (!(error instanceof GantryError && error.code === 'RUN_FINISHED')) throw error;
  }
  return redirectAnswer(`/runs/${id}`);
}

/** Pressed twice, or by two people, it leads to the same new run. */
export async function retryForm(ports: WebPorts, request: WebRequest): Promise<Answer> {
  const runId = runIdOf(request);
  const { run } = await ports.runs.retryRun({ runId, idempotencyKey: `panel-retry-${runId}` });
  return redirectAnswer(`/runs/${run.id}`);
}

/** All hooks again, with what the run was given. Each press is a run of its own. */
export async function replayForm(ports: WebPorts, request: WebRequest): Promise<Answer> {
  const { run } = await ports.runs.replayRun({ runId: runIdOf(request), from: null });
  return redirectAnswer(`/runs/${run.id}`);
}

/** What somebody else decided in between stands: the run's page shows it. */
export async function decideForm(ports: WebPorts, request: WebRequest): Promise<Answer> {
  const runId = runIdOf(request);
  const form = await readForm(request);
  const decision = DECISIONS.find((one) => one === form.get('decision'));
  if (decision === undefined) throw badRequest('INPUT_INVALID', 'decision', `must be ${DECISIONS.join(' or ')}`);
  const comment = (form.get('comment') ?? '').trim();
  const hook = request.params['hook'] ?? '';
  try {
    const said = comment === '' ? null : comment;
    await ports.runs.decideApproval({ runId, hook, decision, by: 'panel', comment: said });
  } catch (error) {
    const isOver = error instanceof GantryError && (error.code === 'APPROVAL_DECIDED' || error.code === 'RUN_FINISHED');
    if (!isOver) throw error;
  }
  return redirectAnswer(`/runs/${runId}`);
}

/** Does not wait for the build: the plugin's page shows it. */
export function buildForm(ports: WebPorts, request: WebRequest, programEnd: AbortSignal): Answer {
  const name = nameOf(request, 'PLUGIN_NOT_FOUND');
  findPlugin(ports, name);
  ports.builds.build(name, programEnd).catch((error: unknown) => {
    ports.logger.log('warn', 'a build asked from the panel failed', { plugin: name, reason: String(error) });
  });
  return redirectAnswer(`/plugins/${name}`);
}

async function readForm(request: WebRequest): Promise<URLSearchParams> {
  const type = request.header('content-type') ?? '';
  if (!type.startsWith('application/x-www-form-urlencoded')) {
    throw new GantryError('CONTENT_TYPE', 'A form of the panel is sent as application/x-www-form-urlencoded.');
  }
  return new URLSearchParams(new TextDecoder().decode(await request.readBody()));
}

function jsonField(form: URLSearchParams, name: string): JsonValue {
  const text = (form.get(name) ?? '').trim();
  if (text === '') return {};
  const parsed = parseStrictText(text);
  if (!parsed.ok) throw badRequest('INPUT_INVALID', name, parsed.message);
  return parsed.value;
}
