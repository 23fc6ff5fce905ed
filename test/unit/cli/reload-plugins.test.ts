// What is wrong and what is doubtful of a plugin, each on one line that an editor can follow.
import { expect, test } from 'vitest';
import { problemLines } from '../../../src/cli/reload-plugins.ts';

test('tells problems with their place, and warnings as such', () => {
  const problem = { code: 'LIMIT_INVALID', message: 'too small', file: 'plugins/a/plugin.yaml', line: 9, column: 11 };
  const warning = { code: 'HOOK_UNKNOWN', message: 'did you mean `fetch`?', file: 'plugins/a/plugin.yaml', line: null };
  expect(problemLines({ problems: [problem], warnings: [warning] })).toEqual([
    'plugins/a/plugin.yaml:9:11: too small (LIMIT_INVALID)',
    'warning: plugins/a/plugin.yaml: did you mean `fetch`? (HOOK_UNKNOWN)',
  ]);
  expect(problemLines({ problems: 3, warnings: null })).toEqual([]);
});
