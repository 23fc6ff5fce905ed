// docs/languages.md as a newcomer follows it: every command of a language's section, in its order, in a checkout in which Gantry runs. One
// checkout serves all languages, and what `dev` built is what `test` and `run` take.
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RUNTIMES } from '../../src/core/plugin.ts';
import { makeCheckout, type Checkout } from '../support/docs/checkout.ts';
import { commandsOf, readBlocks } from '../support/docs/read-blocks.ts';

/** A base that is missing is made from the distribution's packages. */
const LANGUAGE_MS = 900_000;
/** Toolchains that a machine may be without, for the author's own unit test only. */
const MAY_BE_MISSING = ['cargo', 'go', 'node', 'python3'];

const blocks = readBlocks(await readFile('docs/languages.md', 'utf8'));
const SECTIONS = [...new Set(blocks.filter(({ language }) => language === 'sh').map(({ section }) => section))];

let checkout: Checkout | null = null;

beforeAll(async () => {
  checkout = await makeCheckout(true);
}, LANGUAGE_MS);
afterAll(() => checkout?.[Symbol.asyncDispose]());

/** What each command must have printed, by how it begins. */
function proofOf(command: string, name: string): RegExp {
  if (command.includes('plugin init')) return new RegExp(`^plugins/${name}: a plugin in `);
  if (command.includes('plugin dev')) return new RegExp(`^✓ ada: ok .*[^]*\\{"${name}":"Hello, Ada!"\\}`, 'm');
  if (command.includes('plugin test')) return /^\d+ passed, 0 failed, /m;
  // On one line, or member by member where that is too long.
  if (command.includes('gantry run')) return new RegExp(`\\b${name}"?: ?"Hello, you!"`);
  return command.includes('bases build') ? /base/ : /ok|pass/i;
}

function isRunnable(command: string): boolean {
  const program = /&& (\S+)/.exec(command)?.[1] ?? '';
  return !MAY_BE_MISSING.includes(program) || spawnSync(program, ['version'], { stdio: 'ignore' }).error === undefined;
}

describe('docs/languages.md', () => {
  it('has a section for every language that there is a template for', () => {
    expect(SECTIONS.map((section) => section.toLowerCase()).sort()).toEqual([...RUNTIMES].sort());
  });

  it.each(SECTIONS)(
    'leads from nothing to a plugin in a pipeline, in %s',
    async (section) => {
      const name = `hello_${section.toLowerCase()}`;
      const commands = commandsOf(blocks.filter((block) => block.section === section));
      expect(commands.length).toBeGreaterThan(3);
      for (const command of commands.filter(isRunnable)) {
        // The server builds what it finds while the author goes on, and may be behind on a busy machine.
        if (command.includes('gantry run')) await checkout?.untilReady(name);
        const printed = await checkout?.run(command, LANGUAGE_MS);
        expect(printed, command).toMatch(proofOf(command, name));
      }
    },
    LANGUAGE_MS,
  );
});
