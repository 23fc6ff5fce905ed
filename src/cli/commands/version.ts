// `gantry version`, also `gantry --version`.
import { RELEASE } from '../../config/release.ts';
import type { Command } from '../command.ts';

export const versionCommand: Command = {
  name: 'version',
  operands: '',
  summary: 'show the version of gantry and of its Node',
  operandCount: [0, 0],
  options: {},
  optionHelp: {},
  run({ output }) {
    if (output.isJson) output.document({ version: RELEASE, node: process.version });
    else output.line(`gantry ${RELEASE} (node ${process.version})`);
    return Promise.resolve(0);
  },
};
