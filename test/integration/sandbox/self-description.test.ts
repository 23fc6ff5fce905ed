// What plugin versions say of themselves, asked of real sandboxes: one that answers, one that says too much, one that says nothing.
import path from 'node:path';
import { expect, test } from 'vitest';
import type { SelfDescription } from '../../../src/core/self-description.ts';
import { until } from '../../support/engine/until.ts';
import { WarmStand } from '../../support/sandbox/warm-stand.ts';

const PROGRAM = path.join(import.meta.dirname, '../../support/sandbox/self-describing.py');

/** What a version says whose plugin acts like that, and how its next invocation ends. */
async function heard(how: string, questionTimeoutMs: number): Promise<readonly [SelfDescription | undefined, unknown]> {
  const said: SelfDescription[] = [];
  const onSaid = (_version: unknown, words: SelfDescription): number => said.push(words);
  await using warm = await WarmStand.open({ questionTimeoutMs }, { onSaid }, PROGRAM);
  const version = warm.version('warm', { version: { command: ['/usr/bin/python3', '/plugin/main.py', how] } });
  warm.stand.sandboxes.warm(version);
  await until(`${how} was heard`, () => said.length > 0);
  const { outcome, result } = await warm.call(version);
  return [said[0], { code: outcome.code, result }];
}

test('a plugin that answers is known by its answers', async () => {
  expect(await heard('answer', 120_000)).toEqual([
    {
      metadata: { how: 'answer', text: 'x' },
      configUi: { schema: { type: 'object' }, hints: { how: 'answer' } },
      problems: [],
    },
    { code: 'ok', result: { how: 'answer' } },
  ]);
});

test('of a plugin that says 1 MiB nothing is kept but that, and it serves', async () => {
  const problems = [
    expect.stringMatching(/^get_metadata: the answer has 10\d{5} bytes; it may have 65536$/),
  ] as string[];
  expect(await heard('large', 120_000)).toMatchObject([
    { metadata: null, configUi: { hints: { how: 'large' } }, problems },
    { code: 'ok', result: { how: 'large' } },
  ]);
});

test('a plugin that never answers is told so, and serves', async () => {
  const late = [
    'get_metadata: the plugin did not answer get_metadata in 200 ms',
    expect.stringMatching(/^get_config_ui: /),
  ];
  expect(await heard('silent', 200)).toEqual([
    { metadata: null, configUi: null, problems: late },
    { code: 'ok', result: { how: 'silent' } },
  ]);
});
