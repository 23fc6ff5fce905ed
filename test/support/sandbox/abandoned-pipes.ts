// A worker that is to be killed while a sandbox with named pipes stands idle: it says the container's id and waits for the end.
import { setTimeout as sleep } from 'node:timers/promises';
import { WarmStand } from './warm-stand.ts';

const [, , instanceId = '', pipesFolder = ''] = process.argv;
const warm = await WarmStand.open({ instanceId }, { pipesFolder });
const { sandboxId, transport } = await warm.call(warm.version('warm'), {});
process.send?.({ transport, containerId: warm.stand.containerOf(sandboxId ?? '') });
await sleep(600_000);
