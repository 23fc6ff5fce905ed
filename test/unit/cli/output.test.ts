// stdout and stderr have fixed roles, and nothing hostile reaches a terminal.
import { describe, expect, it } from 'vitest';
import { printError } from '../../../src/cli/print-error.ts';
import { wantsColour } from '../../../src/cli/paint.ts';
import { exitCodeOfRun, printRun, progressLine } from '../../../src/cli/print-run.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import { printed } from './printed.ts';

const HOSTILE = 'x\u001b[2J\ny\u202ez';
const SAFE = 'x\\u001b[2J\\ny\\u202ez';

describe('Output', () => {
  it('writes lines and tables to stdout, notes to stderr, all escaped', () => {
    const { output, stdout, stderr } = printed();
    output.line(HOSTILE);
    output.note(HOSTILE);
    output.table([
      ['A', 'B'],
      ['long one', HOSTILE],
      ['x', ''],
    ]);
    output.table([
      ['NAME', 'ONLY WHEN NEEDED'],
      ['a', ''],
    ]);
    expect(stdout()).toBe(`${SAFE}\nA         B\nlong one  ${SAFE}\nx\nNAME\na\n`);
    expect(stderr()).toBe(`${SAFE}\n`);
  });

  it('with --json gives exactly one document on stdout', () => {
    const { output, stdout } = printed({ isJson: true });
    output.line('for people');
    output.table([['for people']]);
    output.document({ a: HOSTILE });
    expect(JSON.parse(stdout())).toEqual({ a: HOSTILE });
    expect(stdout()).not.toContain('\u001b');
  });

  it('rewrites a status line on a terminal only', () => {
    const pipe = printed();
    pipe.output.status('1/2');
    expect(pipe.stderr()).toBe('');
    const terminal = printed({ isTTY: true });
    terminal.output.status('1/2');
    expect(terminal.stderr()).toBe('\r\u001b[2K1/2');
  });
});

describe('printError', () => {
  const error = new GantryError('CONFIG_INVALID', 'one problem', {
    problems: [{ code: 'CONFIG_INVALID', message: HOSTILE, file: 'system.yaml', line: 3, column: 9 }],
  });

  it('tells cause, place and remedy on stderr and gives the exit code of the table', () => {
    const { output, stdout, stderr } = printed();
    expect(printError(error, output)).toBe(3);
    expect(stdout()).toBe('');
    expect(stderr()).toBe(
      `gantry: one problem (CONFIG_INVALID)\n  system.yaml:3:9: ${SAFE} (CONFIG_INVALID)\n  → Mend the keys named.\n`,
    );
  });

  it('with --json gives the same as one document', () => {
    const { output, stdout } = printed({ isJson: true });
    printError(error, output);
    expect(JSON.parse(stdout())).toMatchObject({
      error: { code: 'CONFIG_INVALID', fault: 'operator', message: 'one problem', problems: [{ line: 3 }] },
    });
  });

  it('shows anything unexpected as our DEFECT, with its stack', () => {
    const { output, stderr } = printed();
    expect(printError(new TypeError('x is no function'), output)).toBe(70);
    expect(stderr()).toMatch(/x is no function \(DEFECT\)[^]*output\.test\.ts/);
  });
});

const RUN = {
  id: 'run_1',
  pipeline: 'default',
  state: 'failed',
  durationMs: 1234,
  failure: { code: 'crash', message: `exit code 3 ${HOSTILE}`, hook: 'two', plugin: 'broken' },
  hooks: [
    {
      name: 'one',
      state: 'succeeded',
      durationMs: 12,
      plugins: [
        { plugin: 'good', state: 'succeeded', transport: 'fifo', durationMs: 11, outcome: { code: 'ok', message: '' } },
      ],
    },
    {
      name: 'two',
      state: 'failed',
      durationMs: 40,
      plugins: [
        { plugin: 'broken', state: 'failed', durationMs: 39, outcome: { code: 'crash', message: 'exit code 3' } },
      ],
    },
    { name: 'three', state: 'skipped', durationMs: null, plugins: [] },
  ],
  warnings: [{ code: 'LOGS_TRUNCATED', message: 'cut', hook: 'one', plugin: 'good' }],
};

describe('printRun', () => {
  it('shows state and cause first, then hooks with plugins, warnings last', () => {
    const { output, stdout } = printed();
    printRun(RUN, output);
    expect(stdout().split('\n')).toEqual([
      'run_1  default  failed  1.2 s',
      `  cause: crash in two › broken: exit code 3 ${SAFE}`,
      '  ✓ one  succeeded  12 ms',
      '      ✓  good  ok  11 ms  by fifo',
      '  ✗ two  failed  40 ms',
      '      ✗  broken  crash  39 ms  exit code 3',
      '  · three  skipped  –',
      '  ! LOGS_TRUNCATED in one › good: cut',
      '',
    ]);
  });

  it('tells a soft failure once, at its plugin', () => {
    const { output, stdout } = printed();
    const plugins = [{ plugin: 'p', state: 'failed', outcome: { code: 'crash', message: 'exit code 3' } }];
    const warnings = [{ code: 'crash', message: 'exit code 3', hook: 'h', plugin: 'p' }];
    printRun(
      { id: 'run_1', state: 'succeeded', hooks: [{ name: 'h', state: 'succeeded', plugins }], warnings },
      output,
    );
    expect(stdout().match(/exit code 3/g)).toHaveLength(1);
  });

  it('shows the data of the run, cut when it is long', () => {
    const { output, stdout } = printed();
    printRun({ id: 'run_1', data: { text: 'x' } }, output);
    printRun({ id: 'run_1', data: 'x'.repeat(10_000) }, output);
    expect(stdout()).toContain('data: {"text":"x"}');
    expect(stdout()).toMatch(/x … \(all of it with --json\)\n$/);
    expect(stdout().length).toBeLessThan(1_000);
  });

  it('shows data of many members a line each, with the size of what is cut', () => {
    const { output, stdout } = printed();
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`m${String(index)}`, index]));
    printRun({ id: 'run_1', data: { rows: Array.from({ length: 100 }, () => 'row'), ...many } }, output);
    expect(stdout()).toMatch(/^ {4}rows: \["row",.* … \(100 items\)$/m);
    expect(stdout()).toMatch(/^ {4}m10: 10\n {4}… 9 more$/m);
  });

  it('shows some of a thousand failures, and says how many are left', () => {
    const { output, stdout } = printed();
    const plugins = Array.from({ length: 100 }, (_, item) => ({
      plugin: 'p',
      item,
      state: 'failed',
      outcome: { code: 'crash' },
    }));
    const warnings = Array.from({ length: 30 }, () => ({ code: 'MERGE_CONFLICT', message: 'both wrote it' }));
    const hooks = [{ name: 'h', state: 'succeeded', items: { begun: 100, shown: 100 }, plugins }];
    printRun({ id: 'run_1', state: 'succeeded', hooks, warnings }, output);
    expect(stdout()).toContain('100 items; of those that failed, 80 more are in --json');
    expect(stdout()).toContain('… 20 more warnings (--json)');
    expect(stdout().split('\n').length).toBeLessThan(40);
  });

  it('shows under a plugin that failed what it said last, and says nothing twice', () => {
    const { output, stdout } = printed();
    const plugin = { plugin: 'p', invocation: 'inv_1', state: 'failed', durationMs: 3 };
    const outcome = { code: 'plugin_error', message: 'File "main.py", line 2 | SyntaxError: invalid syntax' };
    const run = { id: 'run_1', state: 'succeeded', hooks: [{ name: 'h', plugins: [{ ...plugin, outcome }] }] };
    printRun(run, output, new Map([['inv_1', ['File "main.py", line 2', 'SyntaxError: invalid syntax']]]));
    expect(stdout()).toContain('succeeded  –  but 1 plugin failed');
    expect(stdout()).toContain(
      'p  plugin_error  3 ms  SyntaxError: invalid syntax\n          File "main.py", line 2\n          SyntaxError',
    );
  });

  it('colours marks and states on a terminal, and nothing that a plugin said', () => {
    const { output, stdout } = printed({ isTTY: true });
    const plugins = [{ plugin: 'p', state: 'failed', outcome: { code: 'crash', message: '\u001b[32mfine' } }];
    printRun({ id: 'run_1', state: 'failed', hooks: [{ name: 'h', state: 'failed', plugins }] }, output);
    expect(stdout()).toContain('\u001b[31mfailed\u001b[0m');
    expect(stdout()).toContain('\u001b[31m✗\u001b[0m');
    expect(stdout()).toContain('\\u001b[32mfine');
    expect(wantsColour({ NO_COLOR: '1' })).toBe(false);
    expect(wantsColour({ TERM: 'dumb' })).toBe(false);
    expect(wantsColour({ TERM: 'xterm' })).toBe(true);
  });

  it.each([[null], [[]], ['text'], [{ hooks: [1, null], failure: 3, warnings: {} }]])(
    'survives %j in place of a run',
    (run) => {
      const { output } = printed();
      expect(() => {
        printRun(run, output);
      }).not.toThrow();
      expect(exitCodeOfRun(run)).toBe(1);
    },
  );

  it('sums up a run that is under way in one line', () => {
    const hooks = [
      { name: 'a', state: 'succeeded' },
      { name: HOSTILE, state: 'running' },
      { name: 'c', state: 'pending' },
    ];
    expect(progressLine({ state: 'running', hooks })).toBe(`running 1/3 hooks ▸ ${SAFE}`);
    const plugins = [{ plugin: 'quiet' }, { plugin: 'rows', progress: { done: 3, total: 10, message: HOSTILE } }];
    const working = [{ name: 'b', state: 'running', plugins }];
    expect(progressLine({ state: 'running', hooks: working })).toBe(`running 0/1 hooks ▸ b ▸ rows 3/10 ${SAFE}`);
  });

  it.each([
    ['succeeded', 0],
    ['failed', 1],
    ['cancelled', 9],
    ['timed_out', 10],
  ])('gives for a run that %s the exit code %d', (state, exitCode) => {
    expect(exitCodeOfRun({ state })).toBe(exitCode);
  });
});
