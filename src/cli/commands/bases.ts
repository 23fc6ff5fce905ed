// `gantry bases build`: base images without an image registry. The work is done by docker/bases, which also runs before Node 24 is here.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Command } from '../command.ts';

export const basesBuildCommand: Command = {
  name: 'bases build',
  operands: '[base…]',
  summary: "make the runtimes' base images from the distribution's package mirror",
  operandCount: [0, 20],
  options: { force: { type: 'boolean' }, pull: { type: 'boolean' } },
  optionHelp: { force: 'make them again even if they stand', pull: 'prefer an image registry where one answers' },
  async run({ positionals, options, output, root, environment, stop }) {
    const flags = ['force', 'pull'].filter((name) => options[name] === true).map((name) => `--${name}`);
    const script = join(root, 'docker', 'bases', 'build-bases.mjs');
    const child = spawn(process.execPath, [script, ...flags, ...positionals], {
      stdio: ['ignore', output.isJson ? 'pipe' : 'inherit', 'inherit'],
      env: environment,
      signal: stop,
    });
    const lines: string[] = [];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trimEnd().split('\n')));
    const [code] = (await once(child, 'close')) as [number | null];
    if (output.isJson) output.document({ isBuilt: code === 0, lines });
    return code === 0 || code === 2 ? code : 5;
  },
};
