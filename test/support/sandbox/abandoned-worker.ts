// A worker that is to be killed: one busy sandbox, one idle one, then it says so and waits for the end.
import { setTimeout as sleep } from 'node:timers/promises';
import { Stand } from './stand.ts';

const [, , instanceId = ''] = process.argv;
const stand = await Stand.open({ instanceId });
const version = stand.version({ limits: { timeoutMs: 600_000, cpuTimeMs: 600_000 } });
void stand.act(version, [{ step: 'ignore_term' }, { step: 'hang' }]);
const count = (state: string): number => stand.sandboxes.states().filter((record) => record.state === state).length;
while (count('busy') !== 1 || count('idle') !== 1) await sleep(20);
process.send?.('one sandbox is busy, one is idle');
await sleep(600_000);
