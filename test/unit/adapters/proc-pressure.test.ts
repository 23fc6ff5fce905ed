// How hard the host is pressed, read from folders that look like /proc of kernels with and without PSI, and from the real one.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ProcPressure } from '../../../src/adapters/system/proc-pressure.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gantry-proc-'));
  mkdirSync(join(root, 'pressure'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function lay(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
}

const psi = (some: string): string =>
  `some avg10=${some} avg60=4.33 avg300=6.89 total=4930880181\nfull avg10=0.07 avg60=0.00 avg300=0.00 total=0\n`;

test('a kernel with PSI says it of each resource, and how much memory is available', async () => {
  lay({
    'pressure/cpu': psi('41.50'),
    'pressure/memory': psi('0.00'),
    'pressure/io': psi('100.00'),
    loadavg: '9.00 8.00 7.00 1/100 1\n',
    meminfo: 'MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    250 kB\n',
  });
  expect(await new ProcPressure(root, 2).read()).toEqual({ cpu: 0.415, memory: 0, io: 1, memoryFree: 0.25 });
});

test.each([
  ['1.90', 0],
  ['2.00', 0],
  ['8.00', 0.75],
])('without PSI a load of %s on two cores counts as %d of the CPU, and the rest is unknown', async (load, cpu) => {
  lay({ loadavg: `${load} 8.00 7.00 1/100 1\n` });
  expect(await new ProcPressure(root, 2).read()).toEqual({ cpu, memory: null, io: null, memoryFree: null });
});

test('where nothing can be read, or it is no number, nothing is known', async () => {
  const nothing = { cpu: null, memory: null, io: null, memoryFree: null };
  expect(await new ProcPressure(join(root, 'nowhere')).read()).toEqual(nothing);
  lay({ 'pressure/cpu': 'some avg10=x', loadavg: '', meminfo: 'MemTotal: 0 kB\nMemAvailable: 0 kB\n' });
  expect(await new ProcPressure(root).read()).toEqual(nothing);
});

test('this machine can be read', async () => {
  const { cpu, memoryFree } = await new ProcPressure().read();
  expect(cpu).toBeGreaterThanOrEqual(0);
  expect(memoryFree).toBeGreaterThan(0);
});
