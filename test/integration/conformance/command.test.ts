// `gantry plugin test` as an author and a CI use it: what is printed, what is written, and the exit code.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { misbehavingFolder } from '../../support/conformance/misbehaving-folder.ts';
import { makeInstance, ROOT, runGantry, type CliEnd } from '../../support/gantry/start-gantry.ts';

let instance: Awaited<ReturnType<typeof makeInstance>>;
beforeAll(async () => {
  instance = await makeInstance();
});
afterAll(async () => {
  await rm(instance.folder, { recursive: true, force: true });
});

async function testPlugin(...args: readonly string[]): Promise<CliEnd> {
  return await runGantry(['plugin', 'test', ...args], instance.environment);
}

describe('gantry plugin test', () => {
  it('ends with 0, one JSON document and JUnit XML for a plugin that conforms', async () => {
    const junit = join(instance.folder, 'junit.xml');
    const only = ['--only', 'good-input', '--only', 'polite-end'];
    const end = await testPlugin(join(ROOT, 'plugins', 'report'), ...only, '--json', '--junit', junit);
    expect(end.exitCode, end.stderr).toBe(0);
    expect(JSON.parse(end.stdout)).toMatchObject({
      isConforming: true,
      totals: { passed: 2, failed: 0, notApplicable: 0 },
      findings: [
        { check: 'good-input', state: 'passed', mend: null },
        { check: 'polite-end', state: 'passed', mend: null },
      ],
    });
    expect(await readFile(junit, 'utf8')).toMatch(/tests="2" failures="0"/);
  });

  it('ends with 1, the reason and how to mend it for one that does not', async () => {
    await using folder = await misbehavingFolder({ fault: 'ends-without-answer', protocol: 'json' });
    const end = await testPlugin(folder.path);
    expect(end.exitCode, end.stderr).toBe(1);
    expect(end.stdout).toMatch(/^✗ good-input +usual: no_result: .*\n +→ Compare the answer/m);
    expect(end.stdout).toMatch(/^– bad-input +not applicable: not judged: good-input failed/m);
    expect(end.stdout).toMatch(/\n\d+ passed, 1 failed, \d+ not applicable\n$/);
  });

  it('ends with 1 and the place of each slip for fixtures that cannot be read', async () => {
    await using folder = await misbehavingFolder({ fault: 'none', protocol: 'json' });
    await writeFile(join(folder.path, 'fixtures', 'usual.json'), '{"hook": "akt", "dta": 1}');
    await writeFile(join(folder.path, 'fixtures', 'z.json'), '{"hook": "akt", "secrets": {"TOKEN": "long enough"}}');
    const end = await testPlugin(folder.path);
    expect(end.exitCode, end.stderr).toBe(1);
    expect(end.stdout).toContain('fixtures/usual.json: `dta` does not exist; did you mean `data`?');
    expect(end.stdout).toContain('fixtures/z.json: the manifest has no hook `akt`; did you mean `act`?');
    expect(end.stdout).toContain('fixtures/z.json: the manifest has no secret `TOKEN`');
  });

  it('ends with 3 for a manifest that is wrong', async () => {
    await using folder = await misbehavingFolder({ fault: 'none', protocol: 'json' });
    await writeFile(join(folder.path, 'plugin.yaml'), 'apiVersion: gantry/v1\nnmae: a\n');
    const end = await testPlugin(folder.path, '--json');
    expect(end.exitCode, end.stderr).toBe(3);
    expect(JSON.parse(end.stdout)).toMatchObject({ isConforming: false, findings: [{ check: 'manifest' }] });
    expect(end.stdout).toContain('did you mean `name`?');
  });

  it('ends with 2 for a check that does not exist, and says which was meant', async () => {
    const end = await testPlugin(join(ROOT, 'plugins', 'report'), '--only', 'big-imput');
    expect(end.exitCode).toBe(2);
    expect(end.stderr).toContain('did you mean big-input?');
  });

  it('ends with 5 when the engine is not there', async () => {
    const environment = { ...instance.environment, DOCKER_HOST: `unix://${join(instance.folder, 'none.sock')}` };
    const end = await runGantry(['plugin', 'test', join(ROOT, 'plugins', 'report')], environment);
    expect(end.exitCode).toBe(5);
    expect(end.stderr).toContain('DOCKER_UNAVAILABLE');
  });
});
