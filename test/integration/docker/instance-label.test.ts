// Two programs on one engine: neither sees anything of the other's.
import { expect, test } from 'vitest';
import { specOf } from '../../contract/container-engine/behaviours.ts';
import { freshName } from '../../contract/container-engine/engine-harness.ts';
import { openTestEngine, SHELL_IMAGE, soon } from '../../support/engine/test-engine.ts';
import { until } from '../../support/engine/until.ts';

test('lists and hears only of containers of its own instance', async () => {
  await using ours = await openTestEngine();
  await using theirs = await openTestEngine();
  const heard: string[] = [];
  using _listening = ours.engine.onEvent(({ id, action }) => void heard.push(`${action} ${id}`));
  const create = ({ engine }: typeof ours): Promise<string> =>
    engine.createContainer(freshName(), specOf('exit3', SHELL_IMAGE), soon());
  const foreign = await create(theirs);
  await theirs.engine.startContainer(foreign, soon());
  await theirs.engine.removeContainer(foreign, soon());
  const second = await create(theirs);
  const own = await create(ours);
  await until('the own creation is told', () => heard.includes(`create ${own}`));
  expect(heard).toEqual([`create ${own}`]);
  expect((await ours.engine.listContainers({}, soon())).map(({ id }) => id)).toEqual([own]);
  expect((await theirs.engine.listContainers({}, soon())).map(({ id }) => id)).toEqual([second]);
});

test('puts its label on every container, whatever the request says', async () => {
  await using opened = await openTestEngine();
  const spec = specOf('exit3', SHELL_IMAGE, { 'io.gantry.instance': 'another' });
  const id = await opened.engine.createContainer(freshName(), spec, soon());
  expect((await opened.engine.inspectContainer(id, soon()))?.body).toMatchObject({
    Config: { Labels: { 'io.gantry.instance': opened.instanceId } },
  });
});

test('reports every request with its status and the time it took', async () => {
  await using opened = await openTestEngine();
  await opened.engine.inspectContainer('there-is-no-such-container', soon());
  await opened.engine.facts(soon());
  const requests = opened.events.filter((event) => event.kind === 'engineRequestFinished');
  expect(requests.map(({ operation, result }) => `${operation} ${result}`)).toEqual([
    'events 200',
    'inspect 404',
    'version 200',
    'info 200',
  ]);
  expect(requests.every(({ durationMs }) => durationMs >= 0)).toBe(true);
});
