// `gantry plugin …`: what an author does with one plugin's folder, before and beside any server. (`gantry plugins …` is about what is installed.)
import type { Command } from '../command.ts';
import { pluginDevCommand } from './plugin-dev.ts';
import { pluginInitCommand } from './plugin-init.ts';
import { pluginLintCommand } from './plugin-lint.ts';
import { pluginTestCommand } from './plugin-test.ts';

export const PLUGIN_COMMANDS: readonly Command[] = [
  pluginInitCommand,
  pluginDevCommand,
  pluginLintCommand,
  pluginTestCommand,
];
