// `gantry doctor`: looks at everything a run needs and says how to mend what is not right. Exit code: that of the first failed check.
import { statfs } from 'node:fs/promises';
import { release } from 'node:os';
import type { SystemConfig } from '../../config/system-schema.ts';
import type { openParts } from '../../compose.ts';
import { loadConfig, type LoadedConfig, type Role } from '../../config/load-config.ts';
import { ERROR_TABLE } from '../../core/errors/error-table.ts';
import { asGantryError } from '../../core/errors/gantry-error.ts';
import type { JsonValue } from '../../core/json.ts';
import type { EngineFacts } from '../../core/ports/container-engine.ts';
import { describePressure, PRESSED_RESOURCES } from '../../core/pressure.ts';
import {
  describeTransport,
  transportState,
  whyNoPipes,
  type TransportSetting,
} from '../../sandbox/container/transports.ts';
import type { Command } from '../command.ts';
import { mayHang } from '../engine-advice.ts';
import type { Output } from '../output.ts';
import { listAt, textAt } from '../json-fields.ts';
import { runningServer } from '../local-server.ts';

interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'failed';
  readonly message: string;
  readonly mend: string | null;
  readonly exitCode: number;
}

/** Below this, builds and the embedded database soon fail. */
const DISK_FREE_MIN_BYTES = 1024 ** 3;
const CHECK_MS = 20_000;
const BASES = ['python', 'node', 'shell', 'go', 'static'] as const;

export const doctorCommand: Command = {
  name: 'doctor',
  operands: '',
  summary: 'check engine, images, store and disk, and say how to mend each',
  operandCount: [0, 0],
  options: {},
  optionHelp: {},
  async run({ output, root, environment }) {
    const checks: Check[] = [ok('node', process.version)];
    try {
      const loaded = await loadConfig(root, environment);
      checks.push(ok('configuration', 'no problems'));
      const compose = await import('../../compose.ts');
      await using parts = await compose.openParts({ root, environment, loaded });
      checks.push(roleCheck(loaded.role));
      const isWorking = loaded.role !== 'server';
      if (isWorking) checks.push(...(await engineChecks(parts, loaded, await runningServer(root, environment))));
      checks.push(await storeCheck(parts), await diskCheck(loaded.dataFolder));
      if (isWorking) checks.push(...(await pressureChecks(parts, loaded.config.brake)));
    } catch (error) {
      checks.push(failed('configuration', error));
    }
    if (output.isJson) output.document({ checks });
    else print(output, checks);
    return checks.find(({ state }) => state === 'failed')?.exitCode ?? 0;
  },
};

function print(output: Output, checks: readonly Check[]): void {
  for (const { name, state, message, mend } of checks) {
    output.line(`${state === 'ok' ? '✓' : state === 'warning' ? '!' : '✗'} ${name.padEnd(14)} ${message}`);
    if (mend !== null) output.line(`    → ${mend}`);
  }
}

type Parts = Awaited<ReturnType<typeof openParts>>;

const DONE_BY_ROLE: Record<Role, string> = {
  all: 'all: panel, API and runs, on an engine',
  server: 'server: panel, API and schedules; needs no engine, claims no run',
  worker: 'worker: claims and does runs; listens on no port but that of its metrics',
};

/** That a role other than `all` has a MongoDB was seen to with the configuration. */
function roleCheck(role: Role): Check {
  return ok('role', DONE_BY_ROLE[role]);
}

async function engineChecks({ engine }: Parts, { config }: LoadedConfig, server: string | null): Promise<Check[]> {
  try {
    const facts = await engine.facts({ signal: AbortSignal.timeout(CHECK_MS) });
    const memory = `${(facts.memoryBytes / 1024 ** 3).toFixed(1)} GiB`;
    const checks = [
      ok(
        'engine',
        `${facts.engineVersion} (API ${facts.apiVersion}), ${String(facts.cpus)} cores, ${memory}, cgroup v${String(facts.cgroupVersion)}`,
      ),
    ];
    if (mayHang(facts.engineVersion))
      checks.push(
        warning(
          'engine',
          'this version may hang for good when many containers end at once',
          'Use Docker 23 or newer (20.10.27 at least); a hung one has to be restarted, and runs go on then.',
        ),
      );
    if (!facts.hasSeccomp)
      checks.push(
        warning(
          'seccomp',
          'the engine has no seccomp: sandboxes are weaker',
          'Use a kernel and an engine with seccomp.',
        ),
      );
    checks.push(...facts.warnings.map((text) => warning('engine', text, 'See the documentation of the engine.')));
    checks.push(await transportCheck(facts, config.sandbox.transport, server));
    return [...checks, ...(await Promise.all(BASES.map((name) => baseCheck(engine, name))))];
  } catch (error) {
    return [failed('engine', error)];
  }
}

async function baseCheck(engine: Parts['engine'], name: string): Promise<Check> {
  const reference = `gantry/base-${name}:1`;
  const image = await engine.inspectImage(reference, { signal: AbortSignal.timeout(CHECK_MS) });
  if (image !== null) return ok('base image', reference);
  return warning('base image', `${reference} is not on the engine`, ERROR_TABLE.BASE_IMAGE_MISSING.mend);
}

/** A running server knows; else what is known before a first sandbox. Either transport works: never a warning. */
async function transportCheck(facts: EngineFacts, setting: TransportSetting, server: string | null): Promise<Check> {
  const state = transportState(whyNoPipes(setting, facts, release()), false);
  return ok('transport', (server === null ? null : await servedTransport(server)) ?? describeTransport(state));
}

async function servedTransport(server: string): Promise<string | null> {
  try {
    const response = await fetch(new URL('/readyz', server), { signal: AbortSignal.timeout(CHECK_MS) });
    const components = listAt((await response.json()) as JsonValue, 'components');
    const known = components.find((part) => textAt(part, 'name') === 'transport');
    return known === undefined ? null : textAt(known, 'message');
  } catch {
    return null;
  }
}

async function storeCheck({ store }: Parts): Promise<Check> {
  try {
    const signal = AbortSignal.timeout(CHECK_MS);
    await store.open({ signal });
    await store.ping({ signal });
    const { kind, version, warnings } = await store.describe({ signal });
    const [first] = warnings;
    return first === undefined
      ? ok('store', `${kind} ${version}`)
      : warning('store', `${kind} ${version}: ${first}`, 'See docs/operations.md.');
  } catch (error) {
    return failed('store', error);
  }
}

/** Nothing where the pressure is not looked at. */
async function pressureChecks({ pressure }: Parts, limits: SystemConfig['brake']): Promise<Check[]> {
  const reading = await pressure?.read();
  if (reading === undefined) return [];
  const message = describePressure(reading);
  const isPressed = PRESSED_RESOURCES.some((resource) => (reading[resource] ?? 0) >= limits[resource]);
  const mend = 'Starts of sandboxes are slowed: see what else runs here, or lower runs.maxRunning.';
  return [isPressed ? warning('pressure', message, mend) : ok('pressure', message)];
}

async function diskCheck(folder: string): Promise<Check> {
  try {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const message = `${(free / 1024 ** 3).toFixed(1)} GiB free in the data folder`;
    return free < DISK_FREE_MIN_BYTES ? warning('disk', message, 'Free at least 1 GiB.') : ok('disk', message);
  } catch (error) {
    return failed('disk', error);
  }
}

function ok(name: string, message: string): Check {
  return { name, state: 'ok', message, mend: null, exitCode: 0 };
}

function warning(name: string, message: string, mend: string): Check {
  return { name, state: 'warning', message, mend, exitCode: 0 };
}

function failed(name: string, thrown: unknown): Check {
  const error = asGantryError(thrown, 'DEFECT');
  const { mend, exitCode } = ERROR_TABLE[error.code];
  const problems = error.problems.map(({ file, message }) => `\n    ${file}: ${message}`).join('');
  return { name, state: 'failed', message: `${error.message} (${error.code})${problems}`, mend, exitCode };
}
