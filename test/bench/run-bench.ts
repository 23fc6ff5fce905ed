// `npm run bench [-- rounds]`: prints one JSON document on stdout and a table on stderr. Run it on an otherwise idle machine; compare ratios,
// never milliseconds of two machines.
import { cpus, totalmem } from 'node:os';
import { benchInvocation } from './bench-invocation.ts';
import { benchStore } from './bench-store.ts';

const rounds = Number(process.argv[2] ?? 15);
const invocation = await benchInvocation(process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock', rounds);
const store = await benchStore();

for (const { name, median, p99 } of invocation.series)
  process.stderr.write(
    `${name.padEnd(22)} median ${median.toFixed(1).padStart(8)} ms   p99 ${p99.toFixed(1).padStart(8)} ms\n`,
  );
for (const [name, ratio] of Object.entries(invocation.ratios))
  process.stderr.write(`${name.padEnd(26)} ${ratio.toPrecision(3)} (1/${(1 / ratio).toFixed(1)})\n`);
process.stderr.write(`store: ${JSON.stringify(store)}\n`);
process.stdout.write(
  `${JSON.stringify({ node: process.version, cores: cpus().length, memoryBytes: totalmem(), at: new Date().toISOString(), invocation, store }, null, 2)}\n`,
);
