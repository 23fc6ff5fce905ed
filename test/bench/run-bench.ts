// `npm run bench -- <name>|all [rounds] [--json] [--save]`: a table, or with --json one document on stdout; without a name, the list. --save
// keeps the document and writes docs/performance.md anew. Run it on an otherwise idle machine; compare ratios, never milliseconds.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { PERFORMANCE_PAGE, renderPerformance, RESULTS_FOLDER } from '../support/docs/render-performance.ts';
import { measureBenchmark, type BenchDocument } from './bench-document.ts';
import { BENCHMARKS } from './benchmarks.ts';
import { showDocument } from './show-document.ts';

const DEFAULT_ROUNDS = 15;

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const flags = process.argv.slice(2).filter((word) => word.startsWith('--'));
const isJson = flags.includes('--json');
const [name = null, rounds = String(DEFAULT_ROUNDS)] = words;
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    interrupted.abort(new Error(`ended by ${signal}`));
  });

try {
  if (name === null) list();
  else if (name === 'all') await runAll();
  else await runOne(name);
} catch (error) {
  showError(error);
  process.exitCode = 1;
}

/** What went wrong first comes first; what went wrong while it was cleared away, after it. */
function showError(error: unknown): void {
  if (!(error instanceof SuppressedError)) process.stderr.write(`${inspect(error)}\n`);
  else for (const one of [error.suppressed, error.error]) showError(one);
}

function list(): void {
  const width = Math.max(...BENCHMARKS.map((benchmark) => benchmark.name.length));
  const lines = BENCHMARKS.map((benchmark) => `  ${benchmark.name.padEnd(width)}  ${benchmark.title}`);
  process.stdout.write(`npm run bench -- <name>|all [rounds] [--json] [--save]\n\n${lines.join('\n')}\n`);
}

/** Each in a process of its own, so that none inherits the memory of another; with --json, one list of documents. */
async function runAll(): Promise<void> {
  const documents: unknown[] = [];
  for (const benchmark of BENCHMARKS) {
    if (interrupted.signal.aborted) break;
    const file = process.argv[1] ?? '';
    const args = [file, benchmark.name, rounds, ...flags];
    const child = spawn(process.execPath, args, { stdio: ['ignore', isJson ? 'pipe' : 'inherit', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) process.exitCode = 1;
    else if (isJson) documents.push(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  }
  if (isJson) process.stdout.write(`${JSON.stringify(documents, null, 2)}\n`);
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
  if (flags.includes('--save')) await save(document);
  if (isJson) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  else process.stdout.write(showDocument(benchmark, document));
}

async function save(document: BenchDocument): Promise<void> {
  await mkdir(RESULTS_FOLDER, { recursive: true });
  await writeFile(join(RESULTS_FOLDER, `${document.benchmark}.json`), `${JSON.stringify(document, null, 2)}\n`);
  await writeFile(PERFORMANCE_PAGE, renderPerformance());
}
