// What a command is: a name, a line of help, its options, and a function that prints and gives an exit code.
import type { ParseArgsOptionsConfig } from 'node:util';
import type { Environment } from '../config/read-environment.ts';
import type { ApiClient } from './api-client.ts';
import type { Output } from './output.ts';

export type OptionValues = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

export interface CommandContext {
  readonly positionals: readonly string[];
  readonly options: OptionValues;
  readonly output: Output;
  /** the repository's root: relative paths of the configuration start there */
  readonly root: string;
  readonly environment: Environment;
  /** aborts at the first SIGINT or SIGTERM */
  readonly stop: AbortSignal;
  /** Talks to a running server, or to one that is started inside this process for the length of the command. */
  readonly withApi: <T>(needs: 'store' | 'engine', work: (api: ApiClient) => Promise<T>) => Promise<T>;
}

export interface Command {
  /** words after `gantry`: `runs list` */
  readonly name: string;
  /** shown after the name: `<pipeline>` */
  readonly operands: string;
  readonly summary: string;
  readonly options: ParseArgsOptionsConfig;
  /** what each option means, in the order of the help */
  readonly optionHelp: Readonly<Record<string, string>>;
  /** lines of the help below the options */
  readonly more?: readonly string[];
  /** command lines that show what it is for */
  readonly examples?: readonly string[];
  /** number of operands: least and most */
  readonly operandCount: readonly [number, number];
  run(context: CommandContext): Promise<number>;
}

/** A text option, or null when it was not given. */
export function textOption(options: OptionValues, name: string): string | null {
  const value = options[name];
  return typeof value === 'string' ? value : null;
}

/** All values of an option that may be repeated. */
export function listOption(options: OptionValues, name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
