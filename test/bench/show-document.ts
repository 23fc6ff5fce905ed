// The document of a benchmark as a table for people, with what each ratio should be.
import { isMet, type BenchDocument, type Benchmark } from './bench-document.ts';

export function showDocument({ title, goals }: Benchmark, document: BenchDocument): string {
  const { machine, rounds, cases, ratios } = document;
  const names = Math.max(...[...cases.map(({ name }) => name), ...Object.keys(ratios)].map((name) => name.length));
  const lines = [
    `${document.benchmark}: ${title}`,
    `${String(rounds)} rounds · Node ${machine.node} · Docker ${machine.engine} · ${String(machine.cores)} × ${machine.cpu} · load ${String(machine.load)}`,
    '',
    `${''.padEnd(names)}  ${'p50 ms'.padStart(10)}  ${'p99 ms'.padStart(10)}  ${'per second'.padStart(11)}`,
    ...cases.map(
      ({ name, p50Ms, p99Ms, perSecond }) =>
        `${name.padEnd(names)}  ${showMs(p50Ms)}  ${showMs(p99Ms)}  ${showFigure(perSecond).padStart(11)}`,
    ),
    '',
    ...Object.entries(ratios).map(([name, figure]) => {
      const goal = goals.find(({ ratio }) => ratio === name);
      const verdict =
        goal === undefined ? '' : `  ${goal.sense} ${String(goal.bound)}${isMet(goal, figure) ? '' : ': missed'}`;
      return `${name.padEnd(names)}  ${showFigure(figure).padStart(10)}${verdict}`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}

/** Three digits that count. */
export function showFigure(figure: number): string {
  const digits = Math.abs(figure) >= 100 ? 0 : Math.abs(figure) >= 10 ? 1 : Math.abs(figure) >= 1 ? 2 : 3;
  return figure.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function showMs(ms: number): string {
  return ms.toFixed(ms < 10 ? 3 : 1).padStart(10);
}
