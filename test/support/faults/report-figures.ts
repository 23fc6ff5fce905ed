// Figures of the fault suites: shown as a table and kept as JSON, never asserted. A test's promise is that it ends well, not when.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { withPidLock } from '../../../docker/setup/pid-lock.mjs';
import { ROOT } from '../gantry/start-gantry.ts';

const FILE = join(ROOT, '.cache', 'fault-figures.json');

type Figures = Readonly<Record<string, unknown>>;

/** Suites run side by side, and each adds its own. */
export async function reportFigures(suite: string, figures: Figures): Promise<void> {
  const rows = Object.entries(figures).map(([name, value]) => `  ${name.padEnd(28)} ${shown(value)}`);
  process.stdout.write(`\n${suite}\n${rows.join('\n')}\n`);
  mkdirSync(dirname(FILE), { recursive: true });
  const machine = { cores: cpus().length, load: loadavg()[0] ?? 0, node: process.version };
  const entry = { at: new Date().toISOString(), machine, figures };
  await withPidLock(`${FILE}.lock`, () => {
    const whole = `${FILE}.new`;
    writeFileSync(whole, `${JSON.stringify({ ...readEarlier(), [suite]: entry }, null, 2)}\n`);
    renameSync(whole, FILE);
  });
}

function shown(value: unknown): string {
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(1) : JSON.stringify(value);
}

function readEarlier(): Figures {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Figures;
  } catch {
    return {};
  }
}
