// `npm run bench -- <name>|all [rounds] [--json] [--save]`: a table, or with --json one document on stdout; without a name, the list. --save
// keeps the document and writes docs/performance.md anew. Run it on an otherwise idle machine; compare ratios, never milliseconds.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { measureBenchmark } from './bench-document.ts';
import { BENCHMARKS } from './benchmarks.ts';
import { showDocument } from './show-document.ts';

const DEFAULT_ROUNDS = 15;

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const flags = process.argv.slice(2).filter((word) => word.startsWith('--'));
const [name = null, rounds = String(DEFAULT_ROUNDS)] = words;
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    interrupted.abort(new Error(`ended by ${signal}`));
  });

if (name === null) list();
else if (name === 'all') await runAll();
else await runOne(name);

function list(): void {
  const width = Math.max(...BENCHMARKS.map((benchmark) => benchmark.name.length));
  const lines = BENCHMARKS.map((benchmark) => `  ${benchmark.name.padEnd(width)}  ${benchmark.title}`);
  process.stdout.write(`npm run bench -- <name>|all [rounds] [--json]\n\n${lines.join('\n')}\n`);
}

/** Each in a process of its own, so that none inherits the memory of another. */
async function runAll(): Promise<void> {
  for (const benchmark of BENCHMARKS) {
    interrupted.signal.throwIfAborted();
    const file = process.argv[1] ?? '';
    const child = spawn(process.execPath, [file, benchmark.name, rounds, ...flags], { stdio: 'inherit' });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) process.exitCode = 1;
  }
}

async function runOne(wanted: string): Promise<void> {
  const benchmark = BENCHMARKS.find((one) => one.name === wanted);
  const count = Number(rounds);
  if (benchmark === undefined || !Number.isInteger(count) || count < 1) {
    process.exitCode = 2;
    list();
    return;
  }
  const dockerHost = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
  const document = await measureBenchmark(benchmark, {
    ...{ dockerHost, rounds: count, scale: 1 },
    signal: interrupted.signal,
  });
  if (flags.includes('--json')) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  else process.stdout.write(showDocument(benchmark, document));
}
