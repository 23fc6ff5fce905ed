// What the conformance kit makes of what a plugin says of itself; which sandbox is asked, and that it is asked once.
import { describe, expect, it } from 'vitest';
import { checkConfigUi, checkMetadata, Interview } from '../../../src/compose/conformance/check-self-description.ts';
import type { Lab } from '../../../src/compose/conformance/lab.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { PluginVersion } from '../../../src/core/plugin.ts';
import type { SelfDescription } from '../../../src/core/self-description.ts';
import type { Sandboxes } from '../../../src/sandbox/create-sandboxes.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';
import { makeVersion } from '../../support/plugins/make-version.ts';

const SCHEMA = { type: 'object', properties: { limit: { type: 'integer' } } };

interface Setting {
  /** null: the plugin never comes to be asked */
  readonly said?: SelfDescription | null;
  readonly offers?: JsonObject;
  readonly lifecycle?: boolean;
  readonly configSchema?: JsonObject | null;
}

const said = (metadata: JsonObject | null, schema: JsonObject | null, ...problems: string[]): SelfDescription => ({
  metadata,
  configUi: schema === null ? null : { schema, hints: {} },
  problems,
});

/** Both findings, as `state: reason`. */
async function found(setting: Setting): Promise<readonly string[]> {
  const { offers = { metadata: true, configUi: true }, lifecycle = true, configSchema = SCHEMA } = setting;
  const { plugin, ...version } = makeVersion();
  const asked = { ...plugin.lifecycle, metadata: lifecycle, configUi: lifecycle };
  const clock = new FakeClock();
  const interview = new Interview({ ...version, plugin: { ...plugin, lifecycle: asked, configSchema } }, clock);
  const warmed: PluginVersion[] = [];
  const sandboxes = {
    warm: (one: PluginVersion) => {
      warmed.push(one);
      if (setting.said) interview.hear(one, setting.said);
    },
  } as unknown as Sandboxes;
  const ready = { jsonrpc: '2.0', id: 1, result: { protocol: '1.0', ready: true, capabilities: offers } };
  const witness = { stdout: [Buffer.from(`${JSON.stringify(ready)}\n`)], signals: [], user: '', exitCode: null };
  const lab = { trials: { all: [{ witness: null }, { witness }] } } as unknown as Lab;
  const checks = [checkMetadata(lab, interview, sandboxes), checkConfigUi(lab, interview, sandboxes)];
  await clock.advance(120_000);
  const findings = await Promise.all(checks);
  expect(warmed.length).toBeLessThanOrEqual(1);
  return findings.map(({ state, reason }) => `${state}: ${reason}`);
}

describe('the checks of what a plugin says of itself', () => {
  it('pass facts and a form, with or without a schema in the manifest', async () => {
    const good = ['passed: it says 1 facts', 'passed: a form of 1 settings'];
    expect(await found({ said: said({ made: 1 }, SCHEMA) })).toEqual(good);
    expect(await found({ said: said({ made: 1 }, SCHEMA), configSchema: null })).toEqual(good);
  });

  it('fail what did not come, each for itself', async () => {
    const late = said(null, SCHEMA, 'get_metadata: the answer is no object');
    expect((await found({ said: late }))[0]).toBe('failed: get_metadata: the answer is no object');
    expect((await found({ said: late }))[1]).toMatch(/^passed: /);
    const never = said(null, null, 'it did not say what it offers');
    expect(await found({ said: never })).toEqual(Array(2).fill('failed: it did not say what it offers'));
  });

  it.each([
    [{ type: 'array' }, /not that of an object/],
    [{ properties: 7 }, /not that of an object/],
    [{ properties: { limit: {}, later: {}, other: {} } }, /has no later, other$/],
  ])('fail the form %j', async (schema, reason) => {
    expect((await found({ said: said({}, schema) }))[1]).toMatch(reason);
  });

  it('are not made where the plugin offers neither, or the manifest turns them off', async () => {
    expect(await found({ offers: {} })).toEqual(Array(2).fill('not_applicable: the plugin does not offer it'));
    expect(await found({ lifecycle: false })).toEqual([
      'not_applicable: lifecycle.metadata is false',
      'not_applicable: lifecycle.configUi is false',
    ]);
  });

  it('fail when no sandbox comes to be asked', async () => {
    expect((await found({ said: null }))[0]).toBe('failed: get_metadata: no sandbox came to be asked');
  });
});
