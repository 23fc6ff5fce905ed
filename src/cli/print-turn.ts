// A turn of `gantry plugin dev` as its author reads it: what is wrong first and whole; what is right in a line or two.
import type { DevTurn, TurnInvocation } from '../compose/dev/dev-turn.ts';
import type { JsonValue } from '../core/json.ts';
import type { Problem } from '../core/plugin.ts';
import type { InvocationEnd } from '../core/ports/invoker.ts';
import { tellOutcome } from '../plugins/conformance/match-answer.ts';
import type { Output } from './output.ts';

const RESULT_CHARACTERS_MAX = 2_000;
const MESSAGE_CHARACTERS_MAX = 500;
const LOG_LINES_MAX = 50;

export function printTurn(turn: DevTurn, shown: string, output: Output): void {
  if (turn.kind === 'refused') {
    for (const line of turn.buildLog) output.line(`    ${line}`);
    for (const problem of turn.problems) output.line(`✗ ${problemLine({ ...problem, message: cut(problem.message) })}`);
    return;
  }
  const { version, isBuilt, buildMs } = turn;
  output.line(`${shown}: ${version.id} ${isBuilt ? 'built' : 'unchanged'} in ${seconds(buildMs)}`);
  for (const warning of turn.warnings) output.line(`! ${problemLine(warning)}`);
  for (const invocation of turn.invocations) printInvocation(invocation, output);
}

function printInvocation({ fixture, end, miss, durationMs }: TurnInvocation, output: Output): void {
  const { outcome, result, logs } = end;
  output.line(`${miss === null ? '✓' : '✗'} ${fixture}: ${outcome.code}  ${timesOf(end, durationMs)}`);
  for (const { level, message } of logs.slice(0, LOG_LINES_MAX)) output.line(`    ${level.padEnd(5)} ${message}`);
  if (logs.length > LOG_LINES_MAX) output.line(`    … ${String(logs.length - LOG_LINES_MAX)} more log lines`);
  output.line(`    ${outcome.code === 'ok' ? resultLine(result) : tellOutcome(outcome)}`);
  for (const { message } of end.warnings) output.line(`  ! ${message}`);
  if (miss !== null && outcome.code === 'ok') output.line(`  ✗ ${miss}`);
}

function timesOf({ phases, usage }: InvocationEnd, durationMs: number): string {
  const times = [
    `${milliseconds(durationMs)} in all`,
    phases.sandboxWaitMs === null ? null : `sandbox ${milliseconds(phases.sandboxWaitMs)}`,
    phases.runMs === null ? null : `plugin ${milliseconds(phases.runMs)}`,
    usage.memoryPeakBytes === null ? null : `memory ${(usage.memoryPeakBytes / 1024 ** 2).toFixed(1)} MiB`,
  ];
  return times.filter((time) => time !== null).join(', ');
}

function resultLine(result: JsonValue): string {
  const text = JSON.stringify(result);
  const isCut = text.length > RESULT_CHARACTERS_MAX;
  return isCut ? `${text.slice(0, RESULT_CHARACTERS_MAX)} … (all of it with --once --json)` : text;
}

/** A failed build repeats the whole command. */
function cut(message: string): string {
  return message.length > MESSAGE_CHARACTERS_MAX ? `${message.slice(0, MESSAGE_CHARACTERS_MAX)}…` : message;
}

/** `file:line:column: message (CODE)` */
export function problemLine({ file, line, column, message, code }: Problem): string {
  const place = [file, line, column].filter((part) => part !== null && part !== '').join(':');
  return `${place}: ${message.startsWith(`${file} `) ? message.slice(file.length + 1) : message} (${code})`;
}

export function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)} s`;
}

function milliseconds(durationMs: number): string {
  return `${durationMs < 10 ? durationMs.toFixed(1) : String(Math.round(durationMs))} ms`;
}

/** The document of --json. */
export function turnDocument(turn: DevTurn, shown: string): object {
  if (turn.kind === 'refused') return { folder: shown, ...turn };
  return {
    folder: shown,
    kind: turn.kind,
    version: turn.version.id,
    isBuilt: turn.isBuilt,
    buildMs: Math.round(turn.buildMs),
    durationMs: Math.round(turn.durationMs),
    warnings: turn.warnings,
    invocations: turn.invocations.map(({ fixture, end, miss, durationMs }) => ({
      ...{ fixture, isExpected: miss === null, miss, durationMs: Math.round(durationMs) },
      ...{ outcome: end.outcome, result: end.result, logs: end.logs, warnings: end.warnings },
      ...{ sandboxKind: end.sandboxKind, phases: end.phases, usage: end.usage },
    })),
  };
}
