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
});
