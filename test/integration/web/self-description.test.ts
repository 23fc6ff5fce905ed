// What a plugin says of itself, on its page and in the API: hostile text as text, and the manifest's schema where it offers no form.
import { expect, it } from 'vitest';
import { examplePlugin } from '../../support/web/example-plugin.ts';
import { startWeb } from '../../support/web/start-web.ts';

it('shows what a plugin says of itself, and its settings', async () => {
  await using web = await startWeb();
  const hostile = '<img src=x onerror=alert(1)>';
  const schema = { type: 'object', properties: { limit: { type: 'integer', description: hostile } } };
  const example = examplePlugin('numbers', 'fetch');
  const version = { ...example, plugin: { ...example.plugin, configSchema: schema } };
  const said = { metadata: { made: hostile }, configUi: null, problems: [] };
  web.plugins = [{ state: 'ready', name: 'numbers', folder: 'plugins/numbers', version, said }];
  const html = await (await fetch(`${web.url}/plugins/numbers`, { headers: { accept: 'text/html' } })).text();
  for (const text of ['What it says of itself', 'made', 'Settings', 'limit', 'integer']) expect(html).toContain(text);
  expect(html).not.toContain(hostile);
  const answer = (await (await fetch(`${web.url}/api/v1/plugins/numbers`)).json()) as object;
  expect(answer).toMatchObject({ metadata: { made: hostile }, configUi: { schema, hints: {} } });
});
