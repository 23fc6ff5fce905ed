// Where the time of a run went, as bars on one axis: per invocation the wait for a sandbox, sending, running and receiving.
// Lengths are thousandths of the axis, for an SVG: styles in attributes would break the content security policy.
import type { InvocationPhases } from '../../core/invocation.ts';
import type { InvocationView, RunView } from '../api/run-view.ts';

export interface WaterfallBar {
  readonly phase: 'wait' | 'send' | 'run' | 'receive';
  readonly x: number;
  readonly width: number;
  readonly durationMs: number;
}

export interface WaterfallRow {
  readonly hook: string;
  readonly plugin: string;
  readonly attempt: number;
  /** of a hook with `forEach`; null: it has none */
  readonly item: number | null;
  readonly state: string;
  readonly durationMs: number;
  readonly bars: readonly WaterfallBar[];
}

export interface Waterfall {
  /** length of the axis */
  readonly spanMs: number;
  readonly rows: readonly WaterfallRow[];
}

interface Placed {
  readonly hook: string;
  readonly invocation: InvocationView;
  readonly phases: InvocationPhases;
  readonly startMs: number;
  readonly durationMs: number;
}

const AXIS = 1_000;
const WIDTH_MIN = 2;

/** Null when nothing has run yet. */
export function waterfallOf(run: RunView): Waterfall | null {
  const placed = run.hooks.flatMap((hook) => hook.plugins.flatMap((invocation) => place(hook.name, invocation) ?? []));
  if (placed.length === 0) return null;
  const startMs = Math.min(...placed.map((item) => item.startMs));
  const endMs = Math.max(...placed.map((item) => item.startMs + item.durationMs));
  const spanMs = Math.max(1, endMs - startMs);
  return { spanMs, rows: placed.map((item) => toRow(item, startMs, spanMs)) };
}

function place(hook: string, invocation: InvocationView): Placed | null {
  const { startedAt, finishedAt, phases } = invocation;
  if (startedAt === null || finishedAt === null || phases === null) return null;
  const waitMs = phases.sandboxWaitMs ?? 0;
  const heldMs = Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt));
  return { hook, invocation, phases, startMs: Date.parse(startedAt) - waitMs, durationMs: waitMs + heldMs };
}

function toRow(
  { hook, invocation, phases, startMs, durationMs }: Placed,
  originMs: number,
  spanMs: number,
): WaterfallRow {
  const lengths = [
    ['wait', phases.sandboxWaitMs],
    ['send', phases.sendMs],
    ['run', phases.runMs],
    ['receive', phases.receiveMs],
  ] as const;
  const bars: WaterfallBar[] = [];
  let atMs = startMs - originMs;
  for (const [phase, lengthMs] of lengths) {
    if (lengthMs === null) continue;
    bars.push(toBar(phase, atMs, lengthMs, spanMs));
    atMs += lengthMs;
  }
  const { plugin, attempt, item, state } = invocation;
  return { hook, plugin, attempt, item, state, durationMs, bars };
}

function toBar(phase: WaterfallBar['phase'], atMs: number, durationMs: number, spanMs: number): WaterfallBar {
  const x = Math.min(AXIS - WIDTH_MIN, Math.max(0, Math.round((atMs / spanMs) * AXIS)));
  const width = Math.min(AXIS - x, Math.max(WIDTH_MIN, Math.round((durationMs / spanMs) * AXIS)));
  return { phase, x, width, durationMs };
}
