// POST /runs/{id}/approvals/{hook}: what somebody decided about a hook that waits for it. The same decision again has the same answer.
import { DECISIONS, type Decision } from '../../core/approval.ts';
import type { JsonValue } from '../../core/json.ts';
import { badRequest } from '../http/problem.ts';
import { readJsonObject } from '../http/read-json.ts';
import { jsonAnswer, type Route } from '../http/route.ts';
import type { RunDoor } from '../ports.ts';
import { runIdOf } from './route-params.ts';
import { decisionView } from './approval-view.ts';
import { triggerOf } from './start-run-route.ts';

export function approvalRoutes(ports: { readonly runs: Pick<RunDoor, 'decideApproval'> }): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/api/v1/runs/:id/approvals/:hook',
      answer: async (request) => {
        const runId = runIdOf(request);
        const hook = request.params['hook'] ?? '';
        const { decision, comment, ...others } = await readJsonObject(request);
        const [unknown] = Object.keys(others);
        if (unknown !== undefined)
          throw badRequest('INPUT_INVALID', unknown, 'is no key here; there are "decision" and "comment"');
        const decided = await ports.runs.decideApproval({
          ...{ runId, hook, by: triggerOf(request) },
          decision: readDecision(decision),
          comment: readComment(comment),
        });
        return jsonAnswer({ run: runId, hook, ...decisionView(decided) });
      },
    },
  ];
}

function readDecision(value: JsonValue | undefined): Decision {
  const decision = DECISIONS.find((one) => one === value);
  if (decision === undefined) throw badRequest('INPUT_INVALID', 'decision', `must be ${DECISIONS.join(' or ')}`);
  return decision;
}

function readComment(value: JsonValue | undefined): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw badRequest('INPUT_INVALID', 'comment', 'must be a text');
  return value;
}
