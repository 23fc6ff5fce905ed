// `npm run bench [-- warm] [rounds] [--json]`: a table on stderr; JSON on stdout, for `warm` with --json only. Run it on an otherwise idle
// machine; compare ratios, never milliseconds of two machines.
import { cpus, totalmem } from 'node:os';
import { benchInvocation } from './bench-invocation.ts';
import { benchStore } from './bench-store.ts';
import { benchWarm } from './bench-warm.ts';

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const isJson = process.argv.includes('--json');
const [first = '15', second = '15'] = words;
const dockerHost = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';

if (first === 'warm') await showWarm(Number(second));
else await showCold(Number(first));

async function showWarm(rounds: number): Promise<void> {
  const document = await benchWarm(dockerHost, rounds);
  for (const { name, p50Ms, p99Ms, perSecond } of document.cases)
    showTimes(name, p50Ms, p99Ms, `${String(perSecond)}/s`);
  showRatios(document.ratios);
  if (isJson) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

async function showCold(rounds: number): Promise<void> {
  const invocation = await benchInvocation(dockerHost, rounds);
  const store = await benchStore();
  for (const { name, median, p99 } of invocation.series) showTimes(name, median, p99);
  showRatios(invocation.ratios);
  process.stderr.write(`store: ${JSON.stringify(store)}\n`);
  process.stdout.write(
    `${JSON.stringify({ node: process.version, cores: cpus().length, memoryBytes: totalmem(), at: new Date().toISOString(), invocation, store }, null, 2)}\n`,
  );
}

function showTimes(name: string, medianMs: number, p99Ms: number, more = ''): void {
  const shown = (ms: number): string => ms.toFixed(ms < 10 ? 3 : 1).padStart(9);
  process.stderr.write(`${name.padEnd(22)} median ${shown(medianMs)} ms   p99 ${shown(p99Ms)} ms   ${more}\n`);
}

function showRatios(ratios: Readonly<Record<string, number>>): void {
  for (const [name, ratio] of Object.entries(ratios))
    process.stderr.write(`${name.padEnd(34)} ${ratio.toPrecision(3)} (1/${(1 / ratio).toFixed(1)})\n`);
}
