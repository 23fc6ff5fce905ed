// Misbehaviours planted in a plugin that is honest otherwise: for each, the kit fails the check that is about it, with a reason that names it,
// and no other check.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failuresOf, KitWorld } from '../../support/conformance/kit-world.ts';
import type { TestRequest } from '../../../src/compose/conformance/test-plugin.ts';
import { misbehavingFolder, type Planted } from '../../support/conformance/misbehaving-folder.ts';

type Plant = readonly [promise: string, planted: Planted, check: string, reason: RegExp];
type Times = Partial<Pick<TestRequest, 'graceMs' | 'startTimeoutMs'>>;

/** Where the fault lasts as long as it is let: what a slow machine needs for all that comes before it, and no more. */
const TIMES: Readonly<Partial<Record<string, Times>>> = {
  'never-ready': { startTimeoutMs: 15_000 },
  'ignores-cancel': { graceMs: 5_000 },
  'does-not-end': { graceMs: 5_000 },
};

const PLANTS: readonly Plant[] = [
  // These take long, so they come first.
  ['hangs on a big request', { fault: 'hangs-on-big', protocol: 'stream', timeout: '15s' }, 'big-input', /timeout: /],
  ['never becomes ready', { fault: 'never-ready', protocol: 'stream' }, 'ready', /did not answer initialize/],
  [
    'prints beside its answer',
    { fault: 'prints', protocol: 'stream' },
    'stdout',
    /protocol\/not_json: .*seen: now it works/,
  ],
  ['answers with a foreign nonce', { fault: 'foreign-nonce', protocol: 'stream' }, 'nonce', /a foreign nonce/],
  ['answers twice', { fault: 'answers-twice', protocol: 'stream' }, 'stdout', /second_result/],
  ['writes two documents', { fault: 'two-documents', protocol: 'json' }, 'stdout', /protocol\/second_result/],
  [
    'crashes on members of a newer version',
    { fault: 'crashes-on-unknown', protocol: 'stream' },
    'newer-protocol',
    /^crash: /,
  ],
  [
    'crashes on empty data',
    { fault: 'crashes-on-empty', protocol: 'stream' },
    'bad-input',
    /^an empty object as data: crash: /,
  ],
  [
    'writes to the root file system',
    { fault: 'writes-root', protocol: 'json' },
    'read-only-root',
    /Read-only file system/,
  ],
  ['needs the network', { fault: 'needs-network', protocol: 'json' }, 'no-network', /name resolution|not known/],
  ['needs a user with a name', { fault: 'needs-user', protocol: 'json' }, 'any-user', /uid not found/],
  ['needs more memory than it asks for', { fault: 'needs-memory', protocol: 'json' }, 'limits', /oom: .*memory/],
  ['logs more than it asks for', { fault: 'logs-much', protocol: 'json' }, 'logs', /limits\.logs/],
  ['ignores a cancellation', { fault: 'ignores-cancel', protocol: 'stream' }, 'cancel', /did not answer within/],
  ['remembers earlier invocations', { fault: 'remembers', protocol: 'stream' }, 'reuse', /earlier invocation/],
  ['takes every text for ASCII', { fault: 'reads-ascii', protocol: 'stream' }, 'unicode', /not ASCII/],
  ['ends without an answer', { fault: 'ends-without-answer', protocol: 'json' }, 'good-input', /no_result: /],
  [
    'answers something else',
    { fault: 'wrong-answer', protocol: 'stream' },
    'good-input',
    /doubled: expected 42, got 44/,
  ],
  ['answers after its deadline', { fault: 'answers-late', protocol: 'json', timeout: '3s' }, 'deadline', /timeout: /],
  ['goes on when its input ends', { fault: 'does-not-end', protocol: 'stream' }, 'polite-end', /did not end within/],
  [
    'says facts that are no object',
    { fault: 'says-list', protocol: 'stream' },
    'metadata',
    /get_metadata: .*no object/,
  ],
  ['offers a setting that nobody takes', { fault: 'says-foreign', protocol: 'stream' }, 'config-ui', /has no later/],
  ['crashes when its input ends', { fault: 'crashes-at-end', protocol: 'json' }, 'polite-end', /exit code 3/],
];

/** What can be told only where the host reads the engine's cgroups. */
const METERED: readonly Plant[] = [
  ['leaves a file behind', { fault: 'leaves-file', protocol: 'stream' }, 'reuse', /bytes in \/tmp/],
  ['leaves a process behind', { fault: 'leaves-process', protocol: 'stream' }, 'reuse', /2 processes, not 1/],
];

/** Several kits at once share the machine. */
const TEST_MS = 600_000;

let world: KitWorld;
let isMetered = false;

async function failures(planted: Planted, request: Partial<TestRequest> = {}): Promise<readonly string[]> {
  await using folder = await misbehavingFolder(planted);
  return failuresOf(await world.test(folder.path, request));
}

// Builds the image, so that the others need not wait for each other's build.
beforeAll(async () => {
  world = await KitWorld.open();
  await using folder = await misbehavingFolder({ fault: 'none', protocol: 'stream' });
  const findings = await world.test(folder.path);
  expect(failuresOf(findings)).toEqual([]);
  isMetered = findings.some(({ check, state }) => check === 'reuse' && state === 'passed');
}, TEST_MS);

afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

describe('the conformance kit', { timeout: TEST_MS }, () => {
  it('finds nothing wrong with the plugin when it behaves', async () => {
    expect(await failures({ fault: 'none', protocol: 'json' })).toEqual([]);
    expect(await failures({ fault: 'none', protocol: 'stream', reuse: 'never' })).toEqual([]);
  });

  it('sends invocations at once to a plugin that says it can serve them', async () => {
    await using folder = await misbehavingFolder({ fault: 'none', protocol: 'stream', concurrency: 3 });
    const findings = await world.test(folder.path, { only: ['concurrency'] });
    expect(failuresOf(findings)).toEqual([]);
    expect(findings.find(({ check }) => check === 'concurrency')?.reason).toBe('3 invocations at once in 1 sandbox');
  });

  it('gives up at once when it is stopped, whatever the plugin is at', async () => {
    await using folder = await misbehavingFolder({ fault: 'answers-late', protocol: 'json' });
    const stopped = new AbortController();
    const onStart = (check: string): void => {
      if (check === 'good-input') stopped.abort(new Error('stopped by SIGINT'));
    };
    const testing = world.test(folder.path, { stop: stopped.signal, onStart });
    await expect(testing).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it.concurrent.each(PLANTS)('names a plugin that %s', async (_promise, planted, check, reason) => {
    const [only, ...others] = await failures(planted, TIMES[planted.fault]);
    expect(others).toEqual([]);
    expect(only).toMatch(new RegExp(`^✗ ${check}: `));
    expect(only?.slice(`✗ ${check}: `.length)).toMatch(reason);
  });

  it.concurrent.each(METERED)('names a plugin that %s', async (_promise, planted, check, reason) => {
    const [only, ...others] = await failures(planted, TIMES[planted.fault]);
    expect(others).toEqual([]);
    if (!isMetered) {
      expect(only).toBeUndefined();
      return;
    }
    expect(only).toMatch(new RegExp(`^✗ ${check}: `));
    expect(only?.slice(`✗ ${check}: `.length)).toMatch(reason);
  });
});
