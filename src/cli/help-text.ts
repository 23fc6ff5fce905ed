// What `--help` says: of all commands by what somebody wants to do, of a group, or of one command with its options and examples.
import type { Command } from './command.ts';

/** Headings, each with the first words of the commands below it. */
const SECTIONS: readonly (readonly [string, readonly string[]])[] = [
  ['Start', ['up', 'doctor', 'version']],
  ['Write plugins', ['plugin']],
  ['Run pipelines', ['run', 'runs', 'redrive', 'logs']],
  ['What is declared and installed', ['pipelines', 'plugins', 'schedules']],
  ['Images and old records', ['bases', 'gc']],
];
const OPTION_WIDTH = 22;

/** The help of one command; else of those that begin with the word `topic`, or of all. */
export function helpText(command: Command | null, commands: readonly Command[], topic: string | null = null): string {
  if (command !== null) return helpOf(command);
  const shown = topic === null ? commands : commands.filter(({ name }) => name.split(' ')[0] === topic);
  const width = Math.max(...shown.map((one) => callOf(one).length));
  const lines = topic === null ? sections(shown, width) : ['', ...shown.map((one) => lineOf(one, width))];
  return [
    topic === null ? 'gantry: runs pipelines of sandboxed plugins' : `gantry ${topic}`,
    ...lines,
    '',
    'Every command takes --json (one JSON document on stdout), --server URL and --help.',
    ...(topic === null ? EXIT_CODES : []),
  ].join('\n');
}

const EXIT_CODES = [
  'Exit codes: 0 succeeded · 1 the run failed · 2 usage · 3 configuration or manifest · 4 not found · 5 engine ·',
  '6 store · 7 busy or draining · 8 denied · 9 cancelled · 10 timed out · 70 a defect of ours',
];

function sections(commands: readonly Command[], width: number): readonly string[] {
  return SECTIONS.flatMap(([heading, words]) => [
    '',
    heading,
    ...commands.filter(({ name }) => words.includes(name.split(' ')[0] ?? '')).map((one) => lineOf(one, width)),
  ]);
}

function callOf({ name, operands }: Command): string {
  return `${name} ${operands}`.trimEnd();
}

function lineOf(command: Command, width: number): string {
  return `  gantry ${callOf(command).padEnd(width)}  ${command.summary}`;
}

function helpOf(command: Command): string {
  const options = Object.entries({ ...command.optionHelp, ...EVERYWHERE_HELP });
  return [
    `gantry ${callOf(command)}`,
    `  ${command.summary}`,
    ...(command.more === undefined ? [] : ['', ...command.more.map((line) => `  ${line}`)]),
    '',
    ...options.flatMap(([name, meaning]) => optionLines(`--${name}`, meaning)),
    ...(command.examples === undefined ? [] : ['', 'Examples', ...command.examples.map((line) => `  ${line}`)]),
  ].join('\n');
}

const EVERYWHERE_HELP = {
  json: 'one JSON document on stdout',
  'server URL': 'talk to this server, not to the one of the data folder',
} as const;

/** A long name stands in a line of its own, so that the meanings stay below each other. */
function optionLines(name: string, meaning: string): readonly string[] {
  if (name.length <= OPTION_WIDTH) return [`  ${name.padEnd(OPTION_WIDTH)}  ${meaning}`];
  return [`  ${name}`, `  ${' '.repeat(OPTION_WIDTH)}  ${meaning}`];
}
