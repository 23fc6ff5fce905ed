// Generated documents must say what the code says now.
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../../src/config/load-config.ts';
import { SETTINGS } from '../../../src/config/settings.ts';
import { SYSTEM_SCHEMA } from '../../../src/config/system-schema.ts';
import { COMMANDS } from '../../../src/cli/run-cli.ts';
import { ERROR_TABLE } from '../../../src/core/errors/error-table.ts';
import { OUTCOME_CODES } from '../../../src/core/outcome.ts';
import { DOCUMENTS } from '../../support/docs/documents.ts';

describe('generated documents', () => {
  it.each([...DOCUMENTS])('%s is as fresh as the code (else: npm run docs)', async (path, render) => {
    expect(await readFile(path, 'utf8')).toBe(render());
  });

  it.each(Object.keys(ERROR_TABLE))(
    'docs/errors.md documents %s, at the anchor that problems point to',
    async (code) => {
      expect(await readFile('docs/errors.md', 'utf8')).toContain(`<a id="${code.toLowerCase()}"></a>\`${code}\``);
    },
  );

  it('docs/errors.md documents every outcome', async () => {
    const text = await readFile('docs/errors.md', 'utf8');
    for (const code of OUTCOME_CODES) expect(text).toContain(`| \`${code}\` |`);
  });

  it('docs/cli.md documents every command', async () => {
    const text = await readFile('docs/cli.md', 'utf8');
    for (const { name } of COMMANDS) expect(text).toContain(`## \`gantry ${name}`);
  });

  it('config/system.yaml states every key with its default, so that loading it changes nothing', async () => {
    const stated = parse(await readFile('config/system.yaml', 'utf8')) as Record<string, Record<string, unknown>>;
    for (const { path } of SETTINGS) expect(Object.keys(stated[path[0]] ?? {})).toContain(path[1]);
    const { config } = await loadConfig(process.cwd(), {});
    expect(JSON.stringify(config)).toBe(JSON.stringify(SYSTEM_SCHEMA.parse({})));
  });
});
