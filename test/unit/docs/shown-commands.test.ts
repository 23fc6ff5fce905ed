// The panel tells people what to type. A command that does not exist would only be noticed by whoever follows it.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../src/cli/run-cli.ts';

const VIEWS = 'src/web/panel/views';

/** What stands behind `gantry` in every `<code>` of the view, as far as it is no placeholder. */
function commandsIn(view: string): readonly string[] {
  const text = readFileSync(join(VIEWS, view), 'utf8');
  return [...text.matchAll(/<code>gantry ([^<{]*)/g)].map(([, words = '']) => words.trim());
}

const shown = readdirSync(VIEWS).flatMap((view) => commandsIn(view).map((words) => ({ view, words })));

describe('the panel', () => {
  it('shows commands', () => {
    expect(shown.length).toBeGreaterThan(1);
  });

  it.each(shown)('names with "gantry $words" in $view a command that exists', ({ words }) => {
    const isOne = COMMANDS.some(({ name }) => words === name || words.startsWith(`${name} `));
    expect(isOne, words).toBe(true);
  });
});
