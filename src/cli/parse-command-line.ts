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
  /** with `isHelp`: help of the commands that begin with this word; null: of the command, or of all */
  readonly topic: string | null;
}

const EVERYWHERE: ParseArgsOptionsConfig = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  server: { type: 'string' },
};

/** @throws GantryError USAGE */
export function parseCommandLine(typed: readonly string[], commands: readonly Command[]): CommandLine {
  const argv = plainly(typed);
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
    return { command, positionals, options: values, isHelp, topic: null };
  } catch (error) {
    if (error instanceof GantryError) throw error;
    throw new GantryError('USAGE', `${command.name}: ${meantOption(messageOf(error), command)}`, {
      cause: error,
    });
  }
}

/** `help runs show` is `runs show --help`, and `--version` the command of that name. */
function plainly(argv: readonly string[]): readonly string[] {
  const [first, ...others] = argv;
  if (first === '--version' || first === '-V') return ['version', ...others];
  return first === 'help' ? [...others, '--help'] : argv;
}

/** What the parser of the platform says, with the option that may be meant. */
function meantOption(message: string, command: Command): string {
  const said = message.split('. ')[0] ?? '';
  const unknown = /^Unknown option '--([^']*)'/.exec(said)?.[1];
  if (unknown === undefined) return said;
  const near = suggest(unknown, [...Object.keys(EVERYWHERE), ...Object.keys(command.options)]);
  return near === null ? said : `${said}; did you mean --${near}?`;
}

function withoutCommand(argv: readonly string[], commands: readonly Command[]): CommandLine {
  const [first, second] = argv;
  const nothing = { command: null, positionals: [], options: {}, isHelp: true, topic: null };
  if (first === undefined || isHelpOption(first)) return nothing;
  const group = commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name.split(' ')[1] ?? '');
  if (group.length > 0 && argv.some(isHelpOption)) return { ...nothing, topic: first };
  if (group.length > 0) throw unknownSecond(first, second, group);
  const near = suggest(
    first,
    commands.map(({ name }) => name.split(' ')[0] ?? name),
  );
  throw new GantryError('USAGE', `unknown command "${first}"${near === null ? '' : `; did you mean "${near}"?`}`);
}

function isHelpOption(word: string): boolean {
  return word === '--help' || word === '-h';
}

function unknownSecond(first: string, second: string | undefined, group: readonly string[]): GantryError {
  const near = second === undefined || second.startsWith('-') ? null : suggest(second, group);
  const which = `${first}: which of ${group.join(', ')}?`;
  return new GantryError(
    'USAGE',
    near === null ? which : `unknown command "${first} ${second ?? ''}"; did you mean "${first} ${near}"?`,
  );
}

function checkOperands({ name, operands, operandCount: [least, most] }: Command, count: number): void {
  if (count < least || count > most)
    throw new GantryError(
      'USAGE',
      `${name} takes ${operands === '' ? 'no operand' : operands}, ${String(count)} given`,
    );
}
