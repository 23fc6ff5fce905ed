// The sample plugins teach, so they must work: each runs as a plain process with its SDK at the place docker/runtimes
// names, and the report is checked against counts that `jq` makes from the same lockfile without any of their code.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SamplePlugins } from './sample-plugins.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
const LOCKFILE = path.join(ROOT, 'package-lock.json');
const DEADLINE_MS = 120_000;

type Members = Record<string, unknown>;

describe('the sample plugins', () => {
  let plugins: SamplePlugins;
  beforeAll(() => {
    plugins = new SamplePlugins();
  }, 300_000);
  afterAll(() => {
    plugins[Symbol.dispose]();
  });

  it('report on a lockfile what jq counts in it', { timeout: DEADLINE_MS }, () => {
    const parsed = dataOf(plugins.run('parse_lockfile', JSON.parse(readFileSync(LOCKFILE, 'utf8'))));
    const installed = { installed: parsed['installed'] };
    const report = plugins.report({
      ...installed,
      ...dataOf(plugins.run('find_duplicates', installed)),
      ...dataOf(plugins.run('licence_summary', installed)),
    });
    const counts: unknown = JSON.parse(
      execFileSync('jq', ['-f', path.join(ROOT, 'test/support/lockfile-counts.jq'), LOCKFILE], { encoding: 'utf8' }),
    );
    expect(report['totals']).toEqual(counts);
    expect(sum(report['licences'])).toBe((counts as { packages: number }).packages);
    expect(report['duplicates']).toHaveLength((counts as { duplicated: number }).duplicated);
    expect(parsed).toMatchObject({ packages: null, dependencies: null });
  });

  it('count links, workspaces, aliases and second versions as their README says', { timeout: DEADLINE_MS }, () => {
    const parsed = dataOf(
      plugins.run('parse_lockfile', {
        lockfileVersion: 3,
        packages: {
          '': { name: 'top', version: '1.0.0' },
          'workspaces/a': { version: '1.0.0' },
          'node_modules/a': { resolved: 'workspaces/a', link: true },
          'node_modules/@scope/b': { version: '2.0.0', license: 'MIT', dev: true },
          'node_modules/other': { name: '@scope/b', version: '3.0.0', license: { type: 'ISC' } },
          'node_modules/other/node_modules/c': { version: '1.0.0', licenses: [{ type: 'MIT' }, 'BSD'] },
          'workspaces/a/node_modules/c': { version: '1.0.0', devOptional: true },
        },
      }),
    );
    expect(parsed['installed']).toEqual([
      { name: '@scope/b', version: '2.0.0', dev: true, licence: 'MIT' },
      { name: '@scope/b', version: '3.0.0', dev: false, licence: 'ISC' },
      { name: 'c', version: '1.0.0', dev: false, licence: 'MIT OR BSD' },
      { name: 'c', version: '1.0.0', dev: false, licence: 'unknown' },
    ]);
    expect(dataOf(plugins.run('find_duplicates', parsed))).toEqual({
      duplicates: [{ name: '@scope/b', versions: ['2.0.0', '3.0.0'] }],
    });
    expect(dataOf(plugins.run('licence_summary', parsed))).toEqual({
      licences: { MIT: 1, ISC: 1, 'MIT OR BSD': 1, unknown: 1 },
    });
  });

  it.each([
    ['parse_lockfile', {}, 'not_a_lockfile'],
    ['parse_lockfile', { lockfileVersion: 1, packages: {} }, 'unsupported_lockfile'],
    ['find_duplicates', {}, 'nothing_parsed'],
    ['licence_summary', {}, 'nothing_parsed'],
  ])('%s refuses %j as %s', { timeout: DEADLINE_MS }, (name, given, code) => {
    expect(plugins.run(name, given)).toMatchObject({ status: 'error', error: { code, retryable: false } });
  });

  it('say null, not zero, for an analysis that did not run', { timeout: DEADLINE_MS }, () => {
    expect(plugins.report({ installed: [] })).toEqual({
      totals: { packages: 0, dev: 0, duplicated: null },
      duplicates: null,
      licences: null,
    });
  });

  it('greet whom the params name', { timeout: DEADLINE_MS }, () => {
    const answer = plugins.run('sample_plugin', {}, { params: { name: 'Ada' }, config: { greeting: 'Salut' } });
    expect(answer).toEqual({ status: 'success', data: { greeting: 'Salut, Ada!', numbers: [1, 2, 3] } });
  });
});

function dataOf(answer: unknown): Members {
  expect(answer).toMatchObject({ status: 'success' });
  return (answer as { data: Members }).data;
}

function sum(counts: unknown): number {
  return Object.values(counts as Record<string, number>).reduce((total, count) => total + count, 0);
}
