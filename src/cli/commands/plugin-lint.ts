// `gantry plugin lint`: what is wrong with a plugin's folder, and what is probably a mistake, with its line. Needs neither engine nor server.
import { isAbsolute, join } from 'node:path';
import { CelExpressions } from '../../adapters/cel/cel-expressions.ts';
import { loadConfig } from '../../config/load-config.ts';
import { loadDeclared } from '../../compose/load-declared.ts';
import { ERROR_TABLE } from '../../core/errors/error-table.ts';
import type { Problem } from '../../core/plugin.ts';
import { lintFolder } from '../../plugins/lint/lint-folder.ts';
import type { Command } from '../command.ts';
import type { Output } from '../output.ts';
import { pluginFolder } from '../plugin-folder.ts';
import { problemLine } from '../print-turn.ts';

export const pluginLintCommand: Command = {
  name: 'plugin lint',
  operands: '<folder>',
  summary: "check a plugin's folder without building it, each finding with its line",
  operandCount: [1, 1],
  options: {},
  optionHelp: {},
  async run({ positionals, output, root, environment }) {
    const { folder, shown } = await pluginFolder(positionals[0] ?? '');
    const { config } = await loadConfig(root, environment);
    const at = (path: string): string => (isAbsolute(path) ? path : join(root, path));
    const { problems, warnings } = await lintFolder(folder, shown, {
      policy: config.build,
      settingsFolder: at(join('config', 'plugins')),
      expressions: new CelExpressions(),
      pipelines: [...(await loadDeclared(at(config.pipelines.file), config.pipelines.file)).values()],
    });
    if (output.isJson) output.document({ folder: shown, isUsable: problems.length === 0, problems, warnings });
    else print(problems, warnings, shown, output);
    return problems.length === 0 ? 0 : ERROR_TABLE.MANIFEST_INVALID.exitCode;
  },
};

function print(problems: readonly Problem[], warnings: readonly Problem[], shown: string, output: Output): void {
  for (const problem of problems) output.line(`✗ ${problemLine(problem)}`);
  for (const warning of warnings) output.line(`! ${problemLine(warning)}`);
  output.line(`${shown}: ${String(problems.length)} problem(s), ${String(warnings.length)} warning(s)`);
}
