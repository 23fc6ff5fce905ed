// Runs a scenario over the HTTP API and brings what came of it into the form of expected.json: nothing that differs from run to run
// (ids, times, use of resources, wordings) and everything else.
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/core/json.ts';
import { pipelineOf, type RunStart, type Scenario } from './read-scenarios.ts';

const END_MS = 170_000;

/** What came of each run, in the order of `expected`. */
export async function runScenario(url: string, scenario: Scenario): Promise<readonly JsonObject[]> {
  const deadline = AbortSignal.timeout(END_MS);
  const api = { url, deadline };
  const started: Started[] = [];
  if (scenario.isInOrder) for (const start of scenario.starts) started.push(await startRun(api, scenario, start));
  else started.push(...(await Promise.all(scenario.starts.map((start) => startRun(api, scenario, start)))));
  return await Promise.all(
    started.map(async (one, index) => {
      if ('problem' in one) return one;
      const first = started.findIndex((other) => 'id' in other && other.id === one.id);
      return first < index ? { repeats: first } : await finish(api, one.id, scenario.expected[index] ?? {});
    }),
  );
}

interface Api {
  readonly url: string;
  readonly deadline: AbortSignal;
}

type Started = { readonly id: string } | { readonly problem: JsonObject };

async function startRun({ url, deadline }: Api, scenario: Scenario, { body, key, until }: RunStart): Promise<Started> {
  const path = `${url}/api/v1/pipelines/${pipelineOf(scenario)}/runs`;
  const headers = { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) };
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body), signal: deadline });
  const answer = (await response.json()) as JsonObject;
  if (!response.ok) return { problem: { status: answer['status'] ?? null, code: answer['code'] ?? null } };
  const id = JSON.stringify(answer['id']).slice(1, -1);
  if (until !== undefined) await reach({ url, deadline }, id, (run) => run['state'] === until);
  return { id };
}

/** Looks at the run until it is as wanted. */
async function reach({ url, deadline }: Api, id: string, isIt: (run: JsonObject) => boolean): Promise<void> {
  while (!isIt((await (await fetch(`${url}/api/v1/runs/${id}`, { signal: deadline })).json()) as JsonObject))
    await pause();
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

async function finish({ url, deadline }: Api, id: string, expected: JsonObject): Promise<JsonObject> {
  await act({ url, deadline }, id, listOf(expected, 'actions'));
  // The answer to the start may be of a run that has ended already, but it is a summary.
  let run: JsonObject;
  do {
    const response = await fetch(`${url}/api/v1/runs/${id}`, { headers: { prefer: 'wait=30' }, signal: deadline });
    if (!response.ok) throw new Error(await response.text());
    run = (await response.json()) as JsonObject;
  } while ((run['finishedAt'] ?? null) === null);
  return {
    ...normalizeRun(run),
    ...actionsOf(expected),
    ...('logs' in expected ? { logs: await logsOf(url, id, deadline) } : {}),
    ...('sandboxes' in expected ? { sandboxes: sandboxesOf(run) } : {}),
  };
}

/** What the runner was to do is no part of what came of it: it stands as it was asked. */
function actionsOf({ actions }: JsonObject): JsonObject {
  return actions === undefined ? {} : { actions };
}

/** Decides about hooks, each as soon as it waits for that; `cancel` ends the run as soon as a plugin of the hook is at work. */
async function act({ url, deadline }: Api, id: string, actions: readonly JsonObject[]): Promise<void> {
  for (const { hook, decision, cancel } of actions) {
    if (typeof hook !== 'string') throw new Error('an action without a hook');
    const isAtWork = (one: JsonObject): boolean =>
      one['name'] === hook && listOf(one, 'plugins').some(({ state }) => state === 'running');
    if (cancel === true) await reach({ url, deadline }, id, (run) => listOf(run, 'hooks').some(isAtWork));
    const path = `${url}/api/v1/runs/${id}/${cancel === true ? 'cancel' : `approvals/${hook}`}`;
    const body = JSON.stringify(cancel === true ? {} : { decision });
    const headers = { 'content-type': 'application/json' };
    while (!(await fetch(path, { method: 'POST', headers, body, signal: deadline })).ok) await pause();
  }
}

/** What was known of each sandbox, by hook: `fresh`, `forked`, or `reused`, whether or not the host can look inside. */
function sandboxesOf(run: JsonObject): JsonValue {
  const invocations = listOf(run, 'hooks').flatMap((hook) => listOf(hook, 'plugins'));
  return invocations.map(({ cleanliness = null }) =>
    typeof cleanliness === 'string' && cleanliness.startsWith('reused-') ? 'reused' : cleanliness,
  );
}

/** All messages, sorted: plugins that run side by side log in any order. */
async function logsOf(url: string, id: string, signal: AbortSignal): Promise<JsonValue> {
  const response = await fetch(`${url}/api/v1/runs/${id}/logs`, { signal });
  const messages = listOf((await response.json()) as JsonObject, 'items').map((line) => line['message'] ?? null);
  return messages.sort();
}

export function normalizeRun(run: JsonObject): JsonObject {
  const failure = run['failure'];
  return {
    state: run['state'] ?? null,
    failure: isJsonObject(failure) ? placeOf(failure) : null,
    warnings: listOf(run, 'warnings').map(placeOf),
    hooks: listOf(run, 'hooks').map((hook) => ({
      name: hook['name'] ?? null,
      ...(hook['section'] === 'main' ? {} : { section: hook['section'] ?? null }),
      state: hook['state'] ?? null,
      plugins: listOf(hook, 'plugins').map(normalizePlugin).sort(byPlugin),
    })),
    data: run['data'] ?? null,
  };
}

function normalizePlugin(invocation: JsonObject): JsonObject {
  return {
    plugin: invocation['plugin'] ?? null,
    ...(typeof invocation['item'] === 'number' ? { item: invocation['item'] } : {}),
    state: invocation['state'] ?? null,
    outcome: outcomeText(invocation['outcome']),
    result: invocation['result'] ?? null,
    ...reportedOf(invocation),
  };
}

/** What the plugin reported, if it did. */
function reportedOf({ progress = null, metrics = [] }: JsonObject): JsonObject {
  const hasMetrics = Array.isArray(metrics) && metrics.length > 0;
  return { ...(progress === null ? {} : { progress }), ...(hasMetrics ? { metrics } : {}) };
}

/** `crash:3`, `protocol:not_json`, `timeout:timeoutMs`: the code and what it has of detail. */
function outcomeText(outcome: JsonValue | undefined): string | null {
  if (outcome === undefined || !isJsonObject(outcome)) return null;
  const { breach, code, pluginCode, violation, signal, exitCode } = outcome;
  const limit = breach !== undefined && isJsonObject(breach) ? breach['limit'] : undefined;
  const detail = [pluginCode, violation, limit, signal, exitCode].find((part) => part !== undefined && part !== null);
  return [code, ...(detail === undefined ? [] : [detail])].map(String).join(':');
}

function placeOf(entry: JsonObject): JsonObject {
  return { code: entry['code'] ?? null, hook: entry['hook'] ?? null, plugin: entry['plugin'] ?? null };
}

function byPlugin(left: JsonObject, right: JsonObject): number {
  const [one = '', other = ''] = [left, right].map(({ plugin, item }) =>
    JSON.stringify([plugin ?? null, item ?? null]),
  );
  return one < other ? -1 : 1;
}

function listOf(value: JsonObject, key: string): JsonObject[] {
  const list = value[key];
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}
