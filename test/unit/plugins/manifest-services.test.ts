// The key `services` of plugin.yaml: what is taken, what is refused, and what comes with a later release.
import { expect, it } from 'vitest';
import { readManifest } from '../../../src/plugins/manifest/read-manifest.ts';
import { makePluginFrom, manifestText } from '../../support/plugins/make-version.ts';

function problemsOf(extra: string): readonly string[] {
  const result = readManifest(new TextEncoder().encode(manifestText(extra)), 'plugins/sample/plugin.yaml');
  return 'problems' in result ? result.problems.map(({ code, message }) => `${code}: ${message}`) : [];
}

it('takes the services of a stream plugin, whatever becomes of its sandbox', () => {
  expect(makePluginFrom(manifestText('protocol: stream\nservices: [state]')).services).toEqual(['state']);
  expect(makePluginFrom(manifestText('protocol: stream\nreuse: warm\nservices: []')).services).toEqual([]);
});

it('takes artifacts of a plugin of one document', () => {
  expect(makePluginFrom(manifestText('services: [artifact]')).services).toEqual(['artifact']);
});

it.each([
  [
    'state of a plugin of one document',
    'services: [artifact, state]',
    'MANIFEST_INVALID: `state` goes with `protocol: stream`',
  ],
  ['services of a filter', 'protocol: text\nservices: [artifact]', 'MANIFEST_INVALID: `services` goes with'],
  [
    'a service that nobody knows',
    'protocol: stream\nservices: [stat]',
    'MANIFEST_INVALID: `services.0` must be one of',
  ],
  ['a service twice', 'protocol: stream\nservices: [state, state]', 'stands in the list already'],
  ['a service of a later release', 'protocol: stream\nservices: [http]', 'NOT_SUPPORTED_YET: '],
  ['one among others', 'protocol: stream\nservices: [state, secret]', 'NOT_SUPPORTED_YET: '],
])('refuses %s', (_what, extra, problem) => {
  expect(problemsOf(extra)).toEqual([expect.stringContaining(problem)]);
});
