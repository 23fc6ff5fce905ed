// `gantry runs artifacts`: what plugins left as files of a run, and one of them as a file.
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ARTIFACT_NAME } from '../../core/artifact.ts';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { ApiClient } from '../api-client.ts';
import { textOption, type Command } from '../command.ts';
import { listAt, textAt } from '../json-fields.ts';
import type { Output } from '../output.ts';
import { RUN_OPERAND_HELP, runIdFrom } from '../run-reference.ts';

export const runsArtifactsCommand: Command = {
  name: 'runs artifacts',
  operands: '<run>',
  summary: 'show the artifacts of a run, or save one',
  operandCount: [1, 1],
  options: { get: { type: 'string' }, to: { type: 'string' } },
  optionHelp: {
    'get NAME': 'save this one, under its name in this folder',
    'to FILE': 'with --get: save it there; a file that stands is never replaced',
  },
  more: [RUN_OPERAND_HELP],
  async run({ positionals, options, output, withApi }) {
    const name = textOption(options, 'get');
    if (name === null) {
      const list = await withApi('store', async (api) => api.send(await pathOf(api, positionals[0])));
      if (output.isJson) output.document(list);
      else print(listAt(list, 'items'), output);
      return 0;
    }
    if (!ARTIFACT_NAME.test(name)) throw new GantryError('USAGE', `--get ${name}: no artifact can have this name`);
    const bytes = await withApi('store', async (api) => api.download(`${await pathOf(api, positionals[0])}/${name}`));
    const file = resolve(textOption(options, 'to') ?? name);
    await save(file, bytes);
    if (output.isJson) output.document({ name, file, sizeBytes: bytes.length });
    else output.line(`${file}: ${String(bytes.length)} bytes`);
    return 0;
  },
};

async function pathOf(api: ApiClient, run: string | undefined): Promise<string> {
  return `/runs/${encodeURIComponent(await runIdFrom(api, run))}/artifacts`;
}

function print(items: ReturnType<typeof listAt>, output: Output): void {
  const rows = items.map((item) => [
    textAt(item, 'name'),
    textAt(item, 'sizeBytes'),
    textAt(item, 'contentType'),
    `${textAt(item, 'hook')}/${textAt(item, 'plugin')}`,
    textAt(item, 'sha256').slice(0, 12),
    textAt(item, 'expiresAt'),
  ]);
  if (rows.length === 0) output.line('No artifacts.');
  else output.table([['NAME', 'BYTES', 'TYPE', 'FROM', 'SHA-256', 'EXPIRES'], ...rows]);
}

async function save(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes, { flag: 'wx' });
  } catch (error) {
    throw new GantryError('USAGE', `${file} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}
