// argv → command, operands, options; what is not understood is refused with a suggestion.
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { GantryError, messageOf } from '../core/errors/gantry-error.ts';
import { suggest } from '../lib/suggest.ts';
import type { Command, OptionValues } from './command.ts';

export interface CommandLine {
  readonly command: Command | null;
  readonly positionals: readonly string[];
  readonly options: OptionValues;
  readonly isHelp: boolean;
}

const EVERYWHERE: ParseArgsOptionsConfig = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  server: { type: 'string' },
};

/** @throws GantryError USAGE */
export function parseCommandLine(argv: readonly string[], commands: readonly Command[]): CommandLine {
  const words = argv.filter((word, index) => !word.startsWith('-') && index < 2);
  const command =
    commands.find(({ name }) => name === `${words[0] ?? ''} ${words[1] ?? ''}`) ??
    commands.find(({ name }) => name === words[0]) ??
    null;
  if (command === null) return withoutCommand(argv, commands);
  const length = command.name.split(' ').length;
  try {
    const { values, positionals } = parseArgs({
      args: argv.slice(length),
      options: { ...EVERYWHERE, ...command.options },
      allowPositionals: true,
    });
    const isHelp = values['help'] === true;
    if (!isHelp) checkOperands(command, positionals.length);
    return { command, positionals, options: values, isHelp };
  } catch (error) {
    if (error instanceof GantryError) throw error;
    throw new GantryError('USAGE', `gantry ${command.name}: ${messageOf(error).split('. ')[0] ?? ''}`, {
      cause: error,
    });
  }
}

function withoutCommand(argv: readonly string[], commands: readonly Command[]): CommandLine {
  const [first] = argv;
  const nothing = { command: null, positionals: [], options: {}, isHelp: true };
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') return nothing;
  const group = commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name);
  if (group.length > 0)
    throw new GantryError('USAGE', `gantry ${first}: which of ${group.map((name) => name.split(' ')[1]).join(', ')}?`);
  const near = suggest(
    first,
    commands.map(({ name }) => name.split(' ')[0] ?? name),
  );
  throw new GantryError('USAGE', `unknown command "${first}"${near === null ? '' : `; did you mean "${near}"?`}`);
}

function checkOperands({ name, operands, operandCount: [least, most] }: Command, count: number): void {
  if (count < least || count > most)
    throw new GantryError(
      'USAGE',
      `gantry ${name} takes ${operands === '' ? 'no operand' : operands}, ${String(count)} given`,
    );
}

/** The help of one command, or of all. */
export function helpText(command: Command | null, commands: readonly Command[]): string {
  if (command === null) {
    const width = Math.max(...commands.map(({ name, operands }) => `${name} ${operands}`.length));
    return [
      'gantry: runs pipelines of sandboxed plugins',
      '',
      ...commands.map(({ name, operands, summary }) => `  gantry ${`${name} ${operands}`.padEnd(width)}  ${summary}`),
      '',
      'Every command takes --json (one JSON document on stdout), --server URL and --help.',
      'Exit codes: 0 succeeded · 1 the run failed · 2 usage · 3 configuration or manifest · 4 not found · 5 engine ·',
      '6 store · 7 busy or draining · 8 denied · 9 cancelled · 10 timed out · 70 a defect of ours',
    ].join('\n');
  }
  const options = Object.entries(command.optionHelp).map(([name, meaning]) => `  --${name.padEnd(20)} ${meaning}`);
  return [
    `gantry ${command.name} ${command.operands}`.trimEnd(),
    `  ${command.summary}`,
    ...(options.length > 0 ? ['', ...options] : []),
  ].join('\n');
}
