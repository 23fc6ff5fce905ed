// The contract of named pipes beyond that of streams: when they count as opened, whose output is heard, and that they can be let go of at any
// moment.
import { describe, expect, test } from 'vitest';
import type { PipePair } from '../../../src/core/ports/named-pipes.ts';
import { soon } from '../../support/engine/test-engine.ts';
import { specOf } from './behaviours.ts';
import {
  collect,
  freshName,
  freshSandboxId,
  pipesOf,
  rejectionOf,
  startContainer,
  type OpenHarness,
} from './engine-harness.ts';

export function describePipes(open: OpenHarness): void {
  describe('named pipes', () => {
    test('count as opened once the container has opened both, and say nothing of it in the output', async () => {
      await using harness = await open();
      const { pair, attachment } = await startContainer(harness, 'echo');
      expect(pair?.isOpened).toBe(false);
      const reading = collect(attachment);
      await pair?.opened;
      expect(pair?.isOpened).toBe(true);
      attachment.write(Buffer.from('said'));
      attachment.closeInput();
      expect((await reading).stdout.toString()).toBe('said');
    });

    test('end for their reader with a container that never opened them, whose own stdout is not heard', async () => {
      await using harness = await open();
      const { engine, image } = harness;
      const pair = await pipesOf(harness).make(freshSandboxId(), 0, soon());
      const id = await engine.createContainer(freshName(), specOf('bothStreams', image), soon());
      const attachment = pair.join(await engine.attach(id, soon()));
      await engine.startContainer(id, soon());
      const { stdout, stderr } = await collect(attachment);
      expect([stdout.toString(), stderr.toString(), pair.isOpened]).toEqual(['', 'to-stderr\n', false]);
    });

    test('hand over everything that is written before they are opened', async () => {
      await using harness = await open();
      const made = await startContainer(harness, 'count', {}, (attachment) => {
        expect(attachment.write(Buffer.from('early'))).toBe(true);
        attachment.closeInput();
      });
      expect((await collect(made.attachment)).stdout.toString()).toBe('5\n');
    });

    test('are let go of before and after they are joined, twice if need be, and can be made anew', async () => {
      await using harness = await open();
      const id = freshSandboxId();
      const make = (): Promise<PipePair> => pipesOf(harness).make(id, 0, soon());
      const unused = await make();
      await unused[Symbol.asyncDispose]();
      await unused[Symbol.asyncDispose]();
      const again = await make();
      expect(await rejectionOf(make())).toMatchObject({ code: 'START_FAILED' });
      await again[Symbol.asyncDispose]();
      await pipesOf(harness).sweep();
      await pipesOf(harness).sweep();
    });
  });
}
