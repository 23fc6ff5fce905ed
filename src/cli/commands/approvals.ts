// `gantry runs approve` and `gantry runs reject`: what somebody decided about a hook that waits for it.
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { JsonValue } from '../../core/json.ts';
import type { Decision } from '../../core/approval.ts';
import { textOption, type Command } from '../command.ts';
import { listAt, objectAt, textAt } from '../json-fields.ts';
import { RUN_OPERAND_HELP, runIdFrom } from '../run-reference.ts';

function decisionCommand(name: string, decision: Decision, summary: string): Command {
  return {
    name,
    operands: '<run> [hook]',
    summary,
    operandCount: [1, 2],
    options: { comment: { type: 'string' } },
    optionHelp: { 'comment TEXT': 'why; kept with the decision and given to the plugins behind it' },
    more: [RUN_OPERAND_HELP, 'The hook may be left out where only one waits.'],
    async run({ positionals, options, output, withApi }) {
      const [text, named] = positionals;
      const decided = await withApi('store', async (api) => {
        const run = `/runs/${encodeURIComponent(await runIdFrom(api, text))}`;
        const hook = named ?? onlyWaiting(await api.send(run));
        const body = { decision, comment: textOption(options, 'comment') };
        return await api.send(`${run}/approvals/${encodeURIComponent(hook)}`, { method: 'POST', body });
      });
      if (output.isJson) output.document(decided);
      else
        output.line(
          `${textAt(decided, 'hook')} of ${textAt(decided, 'run')}: ${textAt(decided, 'decision')} (${textAt(decided, 'by')})`,
        );
      return 0;
    },
  };
}

/** The hook that waits for a decision, where only one does. @throws GantryError USAGE, APPROVAL_NOT_ASKED */
function onlyWaiting(run: JsonValue): string {
  const waiting = listAt(run, 'hooks')
    .filter((hook) => textAt(objectAt(hook, 'approval'), 'askedAt') !== '')
    .filter((hook) => textAt(objectAt(objectAt(hook, 'approval'), 'decided'), 'decision') === '')
    .map((hook) => textAt(hook, 'name'));
  const [only, ...others] = waiting;
  if (only === undefined)
    throw new GantryError(
      'APPROVAL_NOT_ASKED',
      'no hook of the run waits for a decision; name the hook that was decided',
    );
  if (others.length > 0)
    throw new GantryError('USAGE', `several hooks wait for a decision, name one of them: ${waiting.join(', ')}`);
  return only;
}

export const runsApproveCommand = decisionCommand(
  'runs approve',
  'approve',
  'let a hook go on that waits for a decision',
);

export const runsRejectCommand = decisionCommand(
  'runs reject',
  'reject',
  'refuse a hook that waits for a decision: its run fails there',
);
