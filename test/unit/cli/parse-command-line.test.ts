// What the command line understands, and how it helps when it does not.
import { describe, expect, it } from 'vitest';
import { listOption, textOption } from '../../../src/cli/command.ts';
import { helpText } from '../../../src/cli/help-text.ts';
import { parseCommandLine } from '../../../src/cli/parse-command-line.ts';
import { COMMANDS } from '../../../src/cli/run-cli.ts';

const parse = (...argv: string[]): ReturnType<typeof parseCommandLine> => parseCommandLine(argv, COMMANDS);

describe('parseCommandLine', () => {
  it('finds commands of one and of two words, with operands and options in any order', () => {
    const run = parse('run', '--param', 'a=1', 'default', '--param=b=2', '--json');
    expect(run.command?.name).toBe('run');
    expect(run.positionals).toEqual(['default']);
    expect(listOption(run.options, 'param')).toEqual(['a=1', 'b=2']);
    expect(run.options['json']).toBe(true);
    const list = parse('runs', 'list', '--limit', '5');
    expect(list.command?.name).toBe('runs list');
    expect(textOption(list.options, 'limit')).toBe('5');
    expect(textOption(list.options, 'state')).toBeNull();
  });

  it('takes what follows -- as operands, and - as standard input', () => {
    expect(parse('run', '--', '--odd').positionals).toEqual(['--odd']);
    expect(textOption(parse('run', 'default', '--input', '-').options, 'input')).toBe('-');
  });

  it.each([[[]], [['--help']], [['-h']], [['help']]])('shows the help of all commands for %j', (argv) => {
    expect(parse(...argv)).toMatchObject({ command: null, isHelp: true });
  });

  it('shows the help of a command without asking for its operands', () => {
    expect(parse('runs', 'show', '--help')).toMatchObject({ isHelp: true });
  });

  it('takes help in front for --help behind, of a command and of a group', () => {
    expect(parse('help', 'runs', 'show')).toMatchObject({ command: { name: 'runs show' }, isHelp: true });
    expect(parse('help', 'runs')).toMatchObject({ command: null, topic: 'runs', isHelp: true });
    expect(parse('runs', '-h')).toMatchObject({ command: null, topic: 'runs', isHelp: true });
  });

  it.each([['--version'], ['-V'], ['version']])('knows %s', (word) => {
    expect(parse(word)).toMatchObject({ command: { name: 'version' }, isHelp: false });
  });

  it.each([
    [['rnu'], 'unknown command "rnu"; did you mean "run"?'],
    [['frobnicate'], 'unknown command "frobnicate"'],
    [['runs'], /^runs: which of list, show, logs, cancel/],
    [['plugins', 'lst'], 'unknown command "plugins lst"; did you mean "plugins list"?'],
    [['plugins', 'frobnicate'], /^plugins: which of list/],
    [['run'], 'run takes <pipeline>, 0 given'],
    [['run', 'a', 'b'], 'run takes <pipeline>, 2 given'],
    [['runs', 'list', 'x'], 'runs list takes no operand, 1 given'],
    [['run', 'a', '--parm', 'x'], "run: Unknown option '--parm'; did you mean --param?"],
    [['run', 'a', '--input'], /^run: Option '--input <value>' argument missing/],
    [['up', '--demo=yes'], /^up: Option '--demo' does not take an argument/],
  ])('refuses %j as USAGE', (argv, message) => {
    expect(() => parse(...argv)).toThrow(message);
    expect(() => parse(...argv)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('helpText', () => {
  it('names every command once, and the exit codes', () => {
    const text = helpText(null, COMMANDS);
    for (const { name, summary } of COMMANDS) {
      expect(text).toContain(`gantry ${name}`);
      expect(text).toContain(summary);
    }
    expect(text).toContain('70 a defect of ours');
  });

  it('of a group shows its commands and no others', () => {
    const text = helpText(null, COMMANDS, 'schedules');
    expect(text).toContain('gantry schedules pause');
    expect(text).not.toContain('gantry runs');
  });

  it('gives only examples that the command line understands', () => {
    for (const { examples = [] } of COMMANDS)
      for (const example of examples) {
        const [, words = ''] = /gantry (.*)$/.exec(example) ?? [];
        expect(() => parse(...words.split(' ')), example).not.toThrow();
      }
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    'explains every option of %s',
    (_name, command) => {
      const explained = Object.keys(command.optionHelp).map((key) => key.split(/[ ,]/)[0]);
      expect(explained.sort()).toEqual(Object.keys(command.options).sort());
      const text = helpText(command, COMMANDS);
      for (const meaning of Object.values(command.optionHelp)) expect(text).toContain(meaning);
      expect(command.summary).toMatch(/^[a-z].*[^.]$/);
    },
  );
});
