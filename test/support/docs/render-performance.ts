// The figures of docs/performance.md: between two marks of the page, from the documents that `npm run bench -- <name> --save` keeps. What
// stands around them is written by hand; a goal that is missed is shown with what is known to stand in its way.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BENCH_DOCUMENT, isMet, type BenchDocument, type Benchmark } from '../../bench/bench-document.ts';
import { BENCHMARKS } from '../../bench/benchmarks.ts';
import { showFigure } from '../../bench/show-document.ts';
import { table } from './table.ts';

export const PERFORMANCE_PAGE = 'docs/performance.md';
export const RESULTS_FOLDER = join('test', 'bench', 'results');
const START = '<!-- results: written by `npm run bench -- all --save` -->';
const END = '<!-- end of results -->';

/** The page as it should be. @throws Error when the marks are gone */
export function renderPerformance(): string {
  const page = readFileSync(PERFORMANCE_PAGE, 'utf8');
  const [before, rest] = page.split(START);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${PERFORMANCE_PAGE} has lost its marks`);
  return `${before}${START}\n\n${renderResults(readResults())}\n\n${END}${after}`;
}

function readResults(): ReadonlyMap<string, BenchDocument> {
  const files = readdirSync(RESULTS_FOLDER).filter((file) => file.endsWith('.json'));
  const documents = files.map((file) =>
    BENCH_DOCUMENT.parse(JSON.parse(readFileSync(join(RESULTS_FOLDER, file), 'utf8'))),
  );
  return new Map(documents.map((document) => [document.benchmark, document]));
}

function renderResults(results: ReadonlyMap<string, BenchDocument>): string {
  const measured = BENCHMARKS.flatMap((benchmark) => {
    const document = results.get(benchmark.name);
    return document === undefined ? [] : [{ benchmark, document }];
  });
  const missed = measured.flatMap(({ benchmark, document }) => missedLines(benchmark, document));
  return [
    '### Goals',
    '',
    table(
      ['benchmark', 'ratio', 'measured', 'goal', ''],
      measured.flatMap(({ benchmark, document }) => goalRows(benchmark, document)),
    ),
    '',
    ...(missed.length === 0 ? ['Every goal is met.'] : ['Missed, and what was found in the way:', '', ...missed]),
    ...measured.flatMap(({ benchmark, document }) => ['', ...sectionOf(benchmark, document)]),
  ].join('\n');
}

function goalRows({ name, goals }: Benchmark, { ratios }: BenchDocument): string[][] {
  return goals.flatMap((goal) => {
    const figure = ratios[goal.ratio];
    if (figure === undefined) return [];
    const bound = `${goal.sense} ${goal.bound.toLocaleString('en-US')}`;
    return [[name, `\`${goal.ratio}\``, showFigure(figure), bound, isMet(goal, figure) ? 'met' : 'missed']];
  });
}

function missedLines({ goals }: Benchmark, { ratios }: BenchDocument): string[] {
  return goals.flatMap((goal) => {
    const figure = ratios[goal.ratio];
    if (figure === undefined || isMet(goal, figure)) return [];
    return [`- \`${goal.ratio}\` (${goal.says}): ${goal.obstacle ?? 'the reason is not found yet'}.`];
  });
}

function sectionOf({ name, title }: Benchmark, { machine, rounds, cases, ratios }: BenchDocument): string[] {
  const gibibytes = Math.round(machine.memoryBytes / 1024 ** 3);
  return [
    `### ${name}`,
    '',
    `${title[0]?.toUpperCase() ?? ''}${title.slice(1)}. ${String(rounds)} rounds on ${String(machine.cores)} × ${machine.cpu}, ${String(gibibytes)} GiB, Linux ${machine.kernel}, Docker ${machine.engine}, Node ${machine.node}; load before: ${String(machine.load)}.`,
    '',
    table(
      ['case', 'p50 ms', 'p99 ms', 'per second'],
      cases.map(({ name: one, p50Ms, p99Ms, perSecond }) => [
        `\`${one}\``,
        showFigure(p50Ms),
        showFigure(p99Ms),
        showFigure(perSecond),
      ]),
    ),
    '',
    table(
      ['ratio', ''],
      Object.entries(ratios).map(([ratio, figure]) => [`\`${ratio}\``, showFigure(figure)]),
    ),
  ];
}
