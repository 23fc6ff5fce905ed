// `gantry run`: starts a run and stays with it to its end. What was just saved in the plugins' folder is built first, so that the run is one
// of what its author sees; what is broken there is said, for a run without it looks like any other.
import type { JsonObject } from '../../core/json.ts';
import { textOption, type Command, type OptionValues } from '../command.ts';
import { followRun } from '../follow-run.ts';
import { textAt } from '../json-fields.ts';
import { reloadPlugins } from '../reload-plugins.ts';
import { KEY_HELP, KEY_OPTION, REQUEST_HELP, REQUEST_OPTIONS, requestHeaders, runRequest } from '../run-request.ts';

export const runCommand: Command = {
  name: 'run',
  operands: '<pipeline>',
  summary: 'start a run and wait for its end',
  operandCount: [1, 1],
  options: {
    ...REQUEST_OPTIONS,
    ...KEY_OPTION,
    key: { type: 'string' },
    tags: { type: 'string' },
    'skip-tags': { type: 'string' },
  },
  optionHelp: {
    ...REQUEST_HELP,
    ...KEY_HELP,
    'key KEY': 'the same in short',
    'tags A,B': 'call only plugins with one of these tags',
    'skip-tags A,B': 'do not call plugins with one of these tags',
  },
  examples: ['gantry run default --param name=Ada', 'cat orders.json | gantry run orders --input - --json'],
  async run(context) {
    const { options, output, positionals, withApi } = context;
    const request = { ...(await runRequest(options)), ...tagsOf(options) };
    const [pipeline = ''] = positionals;
    return await withApi('engine', async (api) => {
      await reloadPlugins(api, output);
      const started = await api.send(`/pipelines/${encodeURIComponent(pipeline)}/runs`, {
        method: 'POST',
        body: request,
        headers: requestHeaders(options),
      });
      const id = textAt(started, 'id');
      output.note(`${id} of ${pipeline}`);
      return await followRun(api, id, context);
    });
  },
};

function tagsOf(options: OptionValues): JsonObject {
  const listed = (name: string): string[] | null => textOption(options, name)?.split(',').filter(Boolean) ?? null;
  const [tags, skipTags] = [listed('tags'), listed('skip-tags')];
  return { ...(tags === null ? {} : { tags }), ...(skipTags === null ? {} : { skipTags }) };
}
