// Only what misses its image has the catalog look at its plugin anew.
import { expect, test } from 'vitest';
import { restoreImages } from '../../../src/compose/restore-images.ts';
import type { Outcome } from '../../../src/core/outcome.ts';
import { EventBus } from '../../../src/observe/event-bus.ts';
import { SilentLogger } from '../../support/sandbox/silent-logger.ts';
import { buildInvocation, buildRun } from '../../support/store/build-records.ts';

test('has a plugin looked at anew whose image an invocation missed, until it is disposed of', () => {
  const events = new EventBus(new SilentLogger());
  const looked: string[] = [];
  const following = restoreImages(events, { lookAgain: (name) => void looked.push(name) });
  const finish = (plugin: string, outcome: Outcome): void => {
    const invocation = buildInvocation(buildRun().id, { plugin, outcome });
    events.emit({ kind: 'invocationFinished', invocation });
  };
  finish('fine', { code: 'ok', message: '' });
  finish('gone', { code: 'image', message: 'No such image' });
  expect(looked).toEqual(['gone']);
  following[Symbol.dispose]();
  finish('gone', { code: 'image', message: 'No such image' });
  expect(looked).toEqual(['gone']);
});
