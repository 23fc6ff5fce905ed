// The plugins of the fault suites: one program that acts once per invocation, as a plugin of every kind that recovery treats differently.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RandomSource } from '../seeded-random.ts';

const SHARED = { apiVersion: 'gantry/v1', version: '1.0.0', pipelines: ['*'], runtime: 'python', entry: 'main.py' };
const LIMITS = { timeout: '60s', cpus: 0.5 };

const PLUGINS = {
  cold_once: { hooks: ['cold'], failHard: true },
  cold_again: { hooks: ['repeat'], failHard: true, idempotent: true },
  warm_once: { hooks: ['warm'], failHard: true, protocol: 'stream', reuse: 'warm' },
  warm_again: { hooks: ['warm_repeat'], failHard: true, protocol: 'stream', reuse: 'warm', idempotent: true },
  fork_again: { hooks: ['fork'], failHard: true, protocol: 'stream', reuse: 'fork', idempotent: true },
} as const;

export const IDEMPOTENT: ReadonlySet<string> = new Set(['cold_again', 'warm_again', 'fork_again']);

export const COUNTER_PIPELINES = `pipelines:
  - {name: once, timeout: 2m, hooks: [{name: cold}]}
  - {name: again, timeout: 2m, hooks: [{name: repeat}]}
  - {name: quick, timeout: 2m, hooks: [{name: warm}]}
  - {name: mixed, timeout: 2m, hooks: [{name: warm_repeat}, {name: warm}, {name: fork}]}
  - {name: held, durability: queued, timeout: 2m, hooks: [{name: warm_repeat}, {name: fork}]}
  - {name: chain, timeout: 2m, hooks: [{name: fork}, {name: repeat}, {name: warm_repeat}]}
`;

/** How often each pipeline is chosen: the quick ones make the many moments, the cold ones the long ones. */
const WEIGHTS = { once: 1, again: 1, quick: 4, mixed: 4, held: 2, chain: 2 } as const;

export interface Asked {
  readonly pipeline: string;
  readonly data: { readonly seconds: number };
}

export function chooseRun(random: RandomSource): Asked {
  const names = Object.entries(WEIGHTS).flatMap(([name, weight]) => Array<string>(weight).fill(name));
  return { pipeline: random.pick(names), data: { seconds: random.pick([0, 0, 0, 0.05, 0.2]) } };
}

export function makeCounterFolders(parent: string): void {
  for (const [name, manifest] of Object.entries(PLUGINS)) makeCounterFolder(parent, name, manifest);
}

export function makeCounterFolder(parent: string, name: string, manifest: object): void {
  const folder = path.join(parent, name);
  mkdirSync(folder, { recursive: true });
  copyFileSync(path.join(import.meta.dirname, 'main.py'), path.join(folder, 'main.py'));
  const whole = { ...SHARED, name, limits: LIMITS, pool: { max: 2, idle: '5m' }, ...manifest };
  writeFileSync(path.join(folder, 'plugin.yaml'), JSON.stringify(whole, null, 2));
}
