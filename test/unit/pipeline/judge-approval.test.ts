// What an approval says at a moment: asked once, decided once, by somebody or by the time.
import { describe, expect, it } from 'vitest';
import type { ApprovalSpec } from '../../../src/core/pipeline.ts';
import { decisionData, judgeApproval, rejectionOf } from '../../../src/pipeline/graph/judge-approval.ts';

const SPEC: ApprovalSpec = { roles: [], timeoutMs: 1_000, onTimeout: 'reject' };
const ASKED = { askedAtMs: 5_000, timeoutAtMs: 6_000, decided: null };

describe('an approval', () => {
  it('is asked at its first look, and waits until its time is over', () => {
    expect(judgeApproval(SPEC, null, 5_000)).toEqual({ record: ASKED, isAsked: true });
    expect(judgeApproval(SPEC, ASKED, 5_999)).toEqual({ record: ASKED, isAsked: false });
  });

  it.each(['approve', 'reject'] as const)('stands as it was decided, whatever the time: %s', (decision) => {
    const decided = { decision, by: 'cli', atMs: 5_500, comment: 'because' };
    const record = { ...ASKED, decided };
    expect(judgeApproval(SPEC, record, 99_000)).toEqual({ record, isAsked: false });
  });

  it('is decided by the pipeline when nobody did', () => {
    const decided = { by: 'timeout', atMs: 6_000, comment: null };
    const rejected = judgeApproval(SPEC, ASKED, 6_000);
    expect(rejected).toMatchObject({ record: { decided: { decision: 'reject', ...decided } } });
    const approved = judgeApproval({ ...SPEC, onTimeout: 'approve' }, ASKED, 7_000);
    expect(approved).toMatchObject({ record: { decided: { decision: 'approve', ...decided } } });
  });

  it('says why its run fails', () => {
    const decided = { decision: 'reject', by: 'cli', atMs: 5_500, comment: 'wrong day' } as const;
    const failure = rejectionOf('publish', { ...ASKED, decided });
    expect(failure).toMatchObject({ code: 'APPROVAL_REJECTED', hook: 'publish' });
    expect(failure.message).toBe('publish was rejected (cli): wrong day');
    const late = judgeApproval(SPEC, ASKED, 6_000).record;
    expect(rejectionOf('publish', late).message).toBe('nobody decided about publish in time, and then it is rejected');
  });

  it('tells plugins who decided what', () => {
    const decided = { decision: 'approve', by: 'api', atMs: 0, comment: null } as const;
    const at = '1970-01-01T00:00:00.000Z';
    expect(decisionData(decided)).toEqual({ decision: 'approve', by: 'api', at, comment: null });
  });
});
