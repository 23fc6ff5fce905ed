// `gantry plugin lint` as it is typed: exit codes and the two forms of its output.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { typeCommand, type Typed } from '../../support/cli/type-command.ts';
import { TemporaryFolder } from '../../support/plugins/temporary-folder.ts';

const lint = (...operands: string[]): Promise<Typed> => typeCommand(['plugin', 'lint', ...operands]);

describe('gantry plugin lint', () => {
  it.each(['find_duplicates', 'licence_summary', 'parse_lockfile', 'report', 'sample_plugin'])(
    'finds nothing in the sample %s',
    async (name) => {
      const end = await lint(`plugins/${name}/`);
      expect(end).toEqual({ exitCode: 0, stdout: `plugins/${name}: 0 problem(s), 0 warning(s)\n`, stderr: '' });
    },
  );

  it('tells problems with their lines and ends with 3, and with --json as one document', async () => {
    await using folder = await TemporaryFolder.make();
    await folder.write({ 'broken/plugin.yaml': 'apiVersion: gantry/v1\nname: Broken\n' });
    const path = join(folder.path, 'broken');
    const end = await lint(path);
    expect(end.exitCode).toBe(3);
    expect(end.stdout).toContain(`✗ ${path}/plugin.yaml:2:7: \`name\` must match`);
    expect(end.stdout).toContain('(PLUGIN_NAME_INVALID)');
    const json = await lint(path, '--json');
    expect(json.exitCode).toBe(3);
    const document = JSON.parse(json.stdout) as { isUsable: boolean; problems: { code: string; line: number }[] };
    expect(document).toMatchObject({ isUsable: false, warnings: [{ code: 'no-timeout' }, { code: 'no-description' }] });
    expect(document.problems).toContainEqual(expect.objectContaining({ code: 'PLUGIN_NAME_INVALID', line: 2 }));
  });

  it('warns without failing', async () => {
    await using folder = await TemporaryFolder.make();
    const yaml = 'apiVersion: gantry/v1\nname: a\nversion: 1.0.0\nhooks: [x]\nruntime: shell\ncommand: [jq]\n';
    await folder.write({ 'a/plugin.yaml': yaml });
    const end = await lint(join(folder.path, 'a'));
    expect(end.exitCode).toBe(0);
    expect(end.stdout).toMatch(/^! .*plugin.yaml:2:7: there is no `description`/m);
  });

  it('says which folder was probably meant', async () => {
    const end = await lint('plugins/sampel_plugin');
    expect(end).toMatchObject({ exitCode: 4, stdout: '' });
    expect(end.stderr).toContain('did you mean plugins/sample_plugin?');
  });
});
