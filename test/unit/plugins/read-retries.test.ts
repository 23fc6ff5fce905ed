// The retry policy of a manifest.
import { expect, it } from 'vitest';
import { readManifest } from '../../../src/plugins/manifest/read-manifest.ts';
import { makePluginFrom, manifestText } from '../../support/plugins/make-version.ts';

function codesOf(yaml: string): readonly string[] {
  const result = readManifest(new TextEncoder().encode(yaml), 'plugins/sample/plugin.yaml');
  return 'problems' in result ? result.problems.map(({ code }) => code) : [];
}

it('reads when a plugin is tried again, with the documented defaults', () => {
  expect(makePluginFrom(manifestText('retries: {max: 2}')).retries).toEqual({
    max: 2,
    backoff: 'exponential',
    initialMs: 1_000,
    capMs: 60_000,
    on: ['crash', 'timeout', 'not_ready', 'start_failed', 'busy', 'engine', 'lost'],
  });
  const whole = 'retries: {max: 0, backoff: constant, initial: 250ms, cap: 2h, on: [oom]}';
  expect(makePluginFrom(manifestText(whole)).retries).toEqual({
    max: 0,
    backoff: 'constant',
    initialMs: 250,
    capMs: 7_200_000,
    on: ['oom'],
  });
  expect(codesOf(manifestText('retries: {max: 21}'))).toEqual(['MANIFEST_INVALID']);
  expect(codesOf(manifestText('retries: {max: 1, on: [denied]}'))).toEqual(['MANIFEST_INVALID']);
  expect(codesOf(manifestText('retries: {}'))).toEqual(['MANIFEST_INVALID']);
});
