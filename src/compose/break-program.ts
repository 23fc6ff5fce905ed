// Carries out the faults that a test planned, each once. SIGKILL and SIGSTOP reach a process before the call that sends them returns.
import type { PlannedFault } from '../config/read-failpoint.ts';
import { GantryError } from '../core/errors/gantry-error.ts';
import { armFailpoints, FAILPOINTS, type Failpoint } from '../core/failpoints.ts';
import type { Logger } from '../core/ports/logger.ts';

export function breakProgram(planned: readonly PlannedFault[], logger: Logger): void {
  if (planned.length === 0) return;
  logger.log('warn', 'faults are armed by GANTRY_TEST_FAILPOINT', { count: planned.length });
  const passed = new Map<Failpoint, number>();
  armFailpoints((at) => {
    const count = (passed.get(at) ?? 0) + 1;
    passed.set(at, count);
    const due = planned.find((one) => one.at === at && one.nth === count);
    if (due !== undefined) carryOut(due, logger);
  });
}

function carryOut({ at, fault }: PlannedFault, logger: Logger): void {
  switch (fault) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return;
    case 'freeze':
      logger.log('warn', 'the program is frozen', { at });
      process.kill(process.pid, 'SIGSTOP');
      return;
    case 'throw':
      logger.log('warn', 'a fault is thrown', { at });
      throw new GantryError(FAILPOINTS[at], `a test broke the program at ${at}`);
  }
}
