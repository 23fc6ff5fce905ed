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

/** Quick retries are sat out by the worker, those of `patient` (2.5 to 5 s) and `sleeper` (6 to 12 s) wait without one. */
const QUICK = 'backoff: constant, initial: 50ms, on: [plugin_error]';
export const COUNTER_PIPELINES = `pipelines:
  - {name: once, timeout: 2m, hooks: [{name: cold}]}
  - {name: again, timeout: 2m, hooks: [{name: repeat}]}
  - {name: quick, timeout: 2m, hooks: [{name: warm}]}
  - {name: mixed, timeout: 2m, hooks: [{name: warm_repeat}, {name: warm}, {name: fork}]}
  - {name: held, durability: queued, timeout: 2m, hooks: [{name: warm_repeat}, {name: fork}]}
  - {name: chain, timeout: 2m, hooks: [{name: fork}, {name: repeat}, {name: warm_repeat}]}
  - name: joined
    timeout: 2m
    hooks: [{name: fork}, {name: warm, after: [fork]}, {name: repeat, after: [fork]}, {name: warm_repeat, after: [warm, repeat]}]
  - {name: each, timeout: 2m, hooks: [{name: warm_repeat, forEach: data.items, maxParallel: 2}, {name: fork}]}
  - {name: flaky, timeout: 2m, retries: {max: 3, ${QUICK}}, hooks: [{name: warm}, {name: fork}]}
  - {name: hopeless, timeout: 2m, retries: {max: 1, ${QUICK}}, hooks: [{name: fork}, {name: warm}]}
  - {name: patient, timeout: 10m, retries: {max: 2, backoff: constant, initial: 5s, on: [plugin_error]}, hooks: [{name: fork}]}
  - {name: sleeper, timeout: 10m, retries: {max: 1, backoff: constant, initial: 12s, on: [plugin_error]}, hooks: [{name: fork}]}
  - {name: asked, timeout: 2m, hooks: [{name: warm_repeat}, {name: fork, approval: {timeout: 1h}}]}
`;

export const TICK_MS = 10_000;
/** Ticks that pass while no program runs, or while its run is under way, are made up for: each has a run. */
export const TICKING = {
  pipeline: 'ticking',
  schedule: 'often',
  declared: `  - name: ticking
    timeout: 2m
    triggers: [{name: often, schedule: '*/${String(TICK_MS / 1_000)} * * * * *', catchUp: all, overlap: queue}]
    hooks: [{name: fork}]
`,
} as const;

/** Of the pipeline that asks for a decision. */
export const ASKING = { pipeline: 'asked', hook: 'fork' } as const;
export const ITEMS = 3;

/** How each run of a pipeline fails that cannot succeed, by the code of its failure. */
export const HOPELESS: ReadonlyMap<string, string> = new Map([['hopeless', 'plugin_error']]);

/** How often each pipeline is chosen: the quick ones make the many moments, the cold ones the long ones. */
const WEIGHTS = {
  ...{ once: 1, again: 1, quick: 4, mixed: 4, held: 2, chain: 1 },
  ...{ joined: 2, each: 2, flaky: 2, hopeless: 1, patient: 1, asked: 2 },
} as const;
const FAILS: Readonly<Record<string, number>> = { flaky: 2, hopeless: 9, patient: 1 };

export interface Asked {
  readonly pipeline: string;
  readonly data: {
    readonly seconds: number;
    /** attempts that fail */
    readonly fails?: number;
    readonly items?: readonly { readonly seconds: number }[];
  };
}

export function chooseRun(random: RandomSource): Asked {
  const names = Object.entries(WEIGHTS).flatMap(([name, weight]) => Array<string>(weight).fill(name));
  const pipeline = random.pick(names);
  const seconds = random.pick([0, 0, 0, 0.05, 0.2]);
  const items = pipeline === 'each' ? { items: Array<{ seconds: number }>(ITEMS).fill({ seconds }) } : {};
  const fails = FAILS[pipeline];
  return { pipeline, data: { seconds, ...(fails === undefined ? {} : { fails }), ...items } };
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
