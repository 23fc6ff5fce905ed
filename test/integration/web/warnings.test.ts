// What is doubtful of a plugin that serves nevertheless: on its page, in the list and in the API, hostile text as text.
import { expect, it } from 'vitest';
import { examplePlugin } from '../../support/web/example-plugin.ts';
import { startWeb } from '../../support/web/start-web.ts';

it('shows the warnings of a plugin that serves', async () => {
  await using web = await startWeb();
  const hostile = '<img src=x onerror=alert(1)>';
  const warning = { code: 'HOOK_UNKNOWN', message: hostile, file: 'plugins/numbers/plugin.yaml', line: 4, column: 9 };
  const version = examplePlugin('numbers', 'fetch');
  web.plugins = [{ state: 'ready', name: 'numbers', folder: 'plugins/numbers', version, warnings: [warning] }];
  for (const path of ['/plugins', '/plugins/numbers']) {
    const html = await (await fetch(`${web.url}${path}`, { headers: { accept: 'text/html' } })).text();
    expect(html).toContain('HOOK_UNKNOWN');
    expect(html).not.toContain(hostile);
  }
  const answer = (await (await fetch(`${web.url}/api/v1/plugins/numbers`)).json()) as object;
  expect(answer).toMatchObject({ state: 'ready', problems: [], warnings: [warning] });
});
