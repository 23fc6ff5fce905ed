// A list stays a list, however much there is to say of one plugin.
import { expect, it } from 'vitest';
import { ApiClient } from '../../../src/cli/api-client.ts';
import type { CommandContext } from '../../../src/cli/command.ts';
import { pluginsListCommand, pluginsShowCommand } from '../../../src/cli/commands/plugins.ts';
import type { JsonValue } from '../../../src/core/json.ts';
import { printed } from './printed.ts';

const PLUGIN = {
  name: 'stages',
  state: 'ready',
  version: {
    id: 'stages@0.1.0+f63095ebba41',
    hooks: ['a', 'b', 'c', 'd', 'e'],
    pipelines: ['graph'],
    limits: { cpus: 0.5, memoryBytes: 134_217_728, timeoutMs: 30_000 },
  },
  warnings: Array.from({ length: 9 }, (_, n) => ({
    file: 'plugin.yaml',
    line: n,
    code: 'HOOK_UNKNOWN',
    message: 'none',
  })),
};

class Answers extends ApiClient {
  constructor() {
    super('http://127.0.0.1:1', new AbortController().signal);
  }

  override send(path: string): Promise<JsonValue> {
    return Promise.resolve(path === '/plugins' ? { items: [PLUGIN] } : PLUGIN);
  }
}

function contextOf(output: CommandContext['output']): CommandContext {
  return {
    ...{ positionals: ['stages'], options: {}, output, root: '/', environment: {}, stop: new AbortController().signal },
    withApi: (_needs, work) => work(new Answers()),
  };
}

it('shows the first hooks and problems of each plugin, and where the rest is', async () => {
  const { output, stdout } = printed();
  expect(await pluginsListCommand.run(contextOf(output))).toBe(0);
  expect(stdout()).toContain('stages  ready  0.1.0+f63095ebba41  a, b, c … (5)  graph');
  expect(stdout()).toContain('… 6 more: gantry plugins show stages');
});

it('shows one plugin with its limits as a manifest has them', async () => {
  const { output, stdout } = printed();
  expect(await pluginsShowCommand.run(contextOf(output))).toBe(0);
  expect(stdout()).toContain('cpus 0.5, memory 128Mi, timeout 30s');
  expect(stdout()).toContain('a, b, c, d, e');
});
