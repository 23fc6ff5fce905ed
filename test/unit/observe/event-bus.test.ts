// Emitting never fails the work that emits.
import { describe, expect, it } from 'vitest';
import type { DomainEvent } from '../../../src/core/events.ts';
import { EventBus } from '../../../src/observe/event-bus.ts';
import { CollectingLogger } from '../../support/web/collecting-logger.ts';

const EVENT: DomainEvent = { kind: 'engineFound' };

describe('EventBus', () => {
  it('hands each event to every listener, in the order of joining', () => {
    const bus = new EventBus(new CollectingLogger());
    const heard: string[] = [];
    bus.subscribe(() => heard.push('first'));
    bus.subscribe(() => heard.push('second'));
    bus.emit(EVENT);
    expect(heard).toEqual(['first', 'second']);
  });

  it('lets the others hear when one listener throws, and logs it', () => {
    const logger = new CollectingLogger();
    const bus = new EventBus(logger);
    const heard: DomainEvent[] = [];
    bus.subscribe(() => {
      throw new Error('broken listener');
    });
    bus.subscribe((event) => heard.push(event));
    bus.emit(EVENT);
    expect(heard).toEqual([EVENT]);
    expect(logger.lines).toMatchObject([
      { level: 'error', fields: { kind: 'engineFound', reason: 'broken listener' } },
    ]);
  });

  it('does not throw even when the log is broken, too', () => {
    const bus = new EventBus({
      log: () => {
        throw new Error('disk full');
      },
    });
    bus.subscribe(() => {
      throw new Error('broken listener');
    });
    expect(() => {
      bus.emit(EVENT);
    }).not.toThrow();
  });

  it('forgets a listener that left', () => {
    const bus = new EventBus(new CollectingLogger());
    const heard: DomainEvent[] = [];
    bus.subscribe((event) => heard.push(event))[Symbol.dispose]();
    bus.emit(EVENT);
    expect(heard).toEqual([]);
    expect(bus.listenerCount).toBe(0);
  });

  it('lets listeners hear later, in the order of emitting, and whoever leaves or ends it all before that', () => {
    const turns: (() => void)[] = [];
    const later = (work: () => void): unknown => turns.push(work);
    const bus = new EventBus(new CollectingLogger(), { begin: later, goOn: later });
    const heard: string[] = [];
    const listening = bus.subscribe((event) => heard.push(event.kind));
    bus.emit(EVENT);
    bus.emit({ kind: 'engineLost', message: 'gone' });
    expect([heard.length, turns.length]).toEqual([0, 1]);
    turns.pop()?.();
    expect(heard).toEqual(['engineFound', 'engineLost']);
    bus.emit(EVENT);
    listening[Symbol.dispose]();
    expect(heard).toHaveLength(3);
    bus.subscribe((event) => heard.push(event.kind));
    bus.emit(EVENT);
    bus[Symbol.dispose]();
    bus.emit(EVENT);
    expect(heard).toHaveLength(5);
  });

  it('holds no more than a bounded number of events', () => {
    const never = (): void => undefined;
    const bus = new EventBus(new CollectingLogger(), { begin: never, goOn: never });
    let heard = 0;
    bus.subscribe(() => (heard += 1));
    for (let count = 0; count < 25_000; count += 1) bus.emit(EVENT);
    expect(heard).toBe(20_000);
  });

  it('lets listeners hear of many events in turns, all in the order of emitting, also what they emit themselves', () => {
    const turns: (() => void)[] = [];
    const later = (work: () => void): unknown => turns.push(work);
    const bus = new EventBus(new CollectingLogger(), { begin: later, goOn: later });
    const heard: string[] = [];
    bus.subscribe((event) => {
      if (event.kind !== 'engineLost') return;
      heard.push(event.message);
      if (event.message === '0') bus.emit({ kind: 'engineLost', message: 'of a listener' });
    });
    for (let count = 0; count < 120; count += 1) bus.emit({ kind: 'engineLost', message: String(count) });
    let turnCount = 0;
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
      turn();
      turnCount += 1;
    }
    expect(heard).toEqual([...Array.from({ length: 120 }, (_, count) => String(count)), 'of a listener']);
    expect(turnCount).toBeGreaterThan(1);
  });

  it('tells nothing twice when a listener leaves in the middle of a turn', () => {
    const turns: (() => void)[] = [];
    const later = (work: () => void): unknown => turns.push(work);
    const bus = new EventBus(new CollectingLogger(), { begin: later, goOn: later });
    const heard: string[] = [];
    const leaving = bus.subscribe((event) => {
      if (event.kind === 'engineLost' && event.message === '1') leaving[Symbol.dispose]();
    });
    bus.subscribe((event) => heard.push(event.kind === 'engineLost' ? event.message : event.kind));
    for (let count = 0; count < 4; count += 1) bus.emit({ kind: 'engineLost', message: String(count) });
    turns.shift()?.();
    expect(heard.toSorted()).toEqual(['0', '1', '2', '3']);
  });
});
