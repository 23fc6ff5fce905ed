// Answers when two invocations are at work in this process.
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from 'gantry';

let arrived = 0;

run(async () => {
  arrived += 1;
  while (arrived < 2) await sleep(20);
  return { node: arrived };
});
