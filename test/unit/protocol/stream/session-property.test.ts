// Sessions under anything that host, plugin and time can do, in any order: what must hold whatever happens.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SESSION_TRANSITIONS, type SessionState } from '../../../../src/protocol/stream/session-states.ts';
import type { SessionEvent } from '../../../../src/protocol/stream/session-events.ts';
import type { StreamSession } from '../../../../src/protocol/stream/stream-session.ts';
import { mostlyMessages, mutated, SEED } from '../../../support/stream/arbitrary-bytes.ts';
import { bytesOf, CLEAN_END, readySession, result, startRun } from '../../../support/stream/stream-driver.ts';

type Act =
  | { readonly kind: 'run'; readonly nonce: string }
  | { readonly kind: 'answer'; readonly index: number }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'close' };

const nonce = fc.constantFrom('a', 'b', 'c');
const acts = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('run' as const), nonce }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('answer' as const), index: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), id: fc.integer({ min: 1, max: 6 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('bytes' as const), bytes: fc.oneof(mostlyMessages, mutated) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(150) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const) }) },
  ),
  { maxLength: 20 },
);

class Play {
  readonly session: StreamSession = readySession({ concurrency: 3 }, { cancel: true });
  readonly started = new Map<number, string>();
  readonly events: SessionEvent[] = [];
  #nowMs = 0;

  act(act: Act): void {
    const { session } = this;
    switch (act.kind) {
      case 'run':
        if (session.freeSlots > 0) this.started.set(startRun(session, act.nonce, this.#nowMs, 200), act.nonce);
        break;
      case 'answer':
        this.#answer(act.index);
        break;
      case 'cancel':
        session.cancel(act.id, { reason: 'cancelled', graceMs: 50 }, this.#nowMs);
        break;
      case 'bytes':
        session.receive(act.bytes, this.#nowMs);
        break;
      case 'wait':
        session.advanceTo((this.#nowMs += act.ms));
        break;
      case 'close':
        if (session.state === 'idle') session.close(100, this.#nowMs);
    }
    this.events.push(...session.takeEvents());
    const next = session.nextDeadlineMs;
    if (next !== null) expect(next).toBeGreaterThan(this.#nowMs);
  }

  end(): void {
    this.session.end(CLEAN_END, this.#nowMs);
    this.events.push(...this.session.takeEvents());
  }

  #answer(index: number): void {
    const ended = new Set(this.events.map((event) => (event.type === 'runEnded' ? event.id : 0)));
    const open = [...this.started].filter(([id]) => !ended.has(id));
    const [id, of] = open[index % Math.max(1, open.length)] ?? [0, ''];
    // An answer that follows half a line of noise is part of that line; either way, the promises below hold.
    if (id !== 0) this.session.receive(bytesOf(result(id, { nonce: of })), this.#nowMs);
  }
}

function checkMoves(events: readonly SessionEvent[]): void {
  let state: SessionState = 'idle';
  for (const event of events) {
    if (event.type !== 'moved') continue;
    expect(event.from).toBe(state);
    expect(SESSION_TRANSITIONS[event.from]).toContain(event.to);
    state = event.to;
  }
  expect(['closed', 'broken']).toContain(state);
}

/** Many runs: a slow machine gets its time. */
const DEADLINE_MS = 600_000;

describe('a session', { timeout: DEADLINE_MS }, () => {
  test('ends every run exactly once, moves by the table, and is silent after its end', () => {
    fc.assert(
      fc.property(acts, (list) => {
        const play = new Play();
        list.forEach((act) => {
          play.act(act);
        });
        play.end();
        const ends = play.events.flatMap((event) => (event.type === 'runEnded' ? [event.id] : []));
        expect(ends.toSorted()).toEqual([...play.started.keys()].toSorted());
        checkMoves(play.events);
        const over = play.events.findIndex(({ type }) => type === 'broken' || type === 'closed');
        expect(play.events.slice(over + 1).filter(({ type }) => type !== 'dropped')).toEqual([]);
        expect(play.session.takeOutput()).toEqual([]);
      }),
      { seed: SEED, numRuns: 4_000 },
    );
  });

  test('takes no result without the nonce of the run, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.oneof(mostlyMessages, mutated), (bytes) => {
        const session = readySession({ concurrency: 2 });
        startRun(session, 'no plugin can know this');
        startRun(session, 'nor this');
        session.receive(bytes, 1);
        session.end(CLEAN_END, 2);
        const codes = session.takeEvents().flatMap((event) => (event.type === 'runEnded' ? [event.outcome.code] : []));
        expect(codes).toHaveLength(2);
        for (const code of codes) expect(['protocol', 'lost', 'no_result']).toContain(code);
      }),
      { seed: SEED, numRuns: 4_000 },
    );
  });
});
