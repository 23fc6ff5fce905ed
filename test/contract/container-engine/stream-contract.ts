// The contract of a container's stdin, stdout and stderr, by whatever way they travel.
import { describe, expect, test } from 'vitest';
import { soon } from '../../support/engine/test-engine.ts';
import { until } from '../../support/engine/until.ts';
import { FLOOD_BYTES, TAIL_BYTES } from './behaviours.ts';
import { collect, rejectionOf, send, startContainer, type OpenHarness } from './engine-harness.ts';

export function describeStreams(open: OpenHarness): void {
  describe('streams', () => {
    test('hands stdin to the container and its output back, to the end', async () => {
      await using harness = await open();
      const { attachment, exit } = await startContainer(harness, 'echo');
      await send(attachment, Buffer.from('first '));
      await send(attachment, Buffer.from('second'));
      attachment.closeInput();
      const { stdout, stderr } = await collect(attachment);
      expect([stdout.toString(), stderr.toString()]).toEqual(['first second', '']);
      expect(await exit).toEqual({ exitCode: 0 });
    });

    test('half-closes stdin without losing what the container says afterwards', async () => {
      await using harness = await open();
      const { attachment } = await startContainer(harness, 'count');
      await send(attachment, Buffer.alloc(300_000, 'x'));
      attachment.closeInput();
      expect((await collect(attachment)).stdout.toString()).toBe('300000\n');
    });

    test('keeps stdout and stderr apart', async () => {
      await using harness = await open();
      const { attachment } = await startContainer(harness, 'bothStreams');
      const { stdout, stderr } = await collect(attachment);
      expect([stdout.toString(), stderr.toString()]).toEqual(['to-stdout\n', 'to-stderr\n']);
    });

    test('loses nothing of what a container says right before its exit', async () => {
      await using harness = await open();
      const { attachment, exit } = await startContainer(harness, 'tailThenExit7');
      expect((await collect(attachment)).stdout.length).toBe(TAIL_BYTES);
      expect(await exit).toEqual({ exitCode: 7 });
    });

    test('stops a flood while nobody reads, and delivers every byte of it when somebody does', async () => {
      await using harness = await open();
      const { id, attachment, exit } = await startContainer(harness, 'flood');
      const other = await startContainer(harness, 'flood');
      expect((await collect(other.attachment)).stdout.length).toBe(FLOOD_BYTES);
      expect((await harness.engine.inspectContainer(id, soon()))?.isRunning).toBe(true);
      expect((await collect(attachment)).stdout.length).toBe(FLOOD_BYTES);
      expect(await exit).toEqual({ exitCode: 0 });
    });

    test('holds back a write that the container does not read, until the signal aborts', async () => {
      await using harness = await open();
      const { attachment } = await startContainer(harness, 'sleeper');
      const stop = new AbortController();
      expect(attachment.write(Buffer.alloc(16 * 1024 * 1024))).toBe(false);
      const writing = rejectionOf(attachment.flushed({ signal: stop.signal }));
      stop.abort(new Error('enough'));
      expect(await writing).toBe(stop.signal.reason);
      attachment[Symbol.dispose]();
    });

    test('says at once that a small write has left, so that nobody waits for it', async () => {
      await using harness = await open();
      const { attachment } = await startContainer(harness, 'echo');
      expect(attachment.write(Buffer.from('small'))).toBe(true);
      await attachment.flushed(soon());
      attachment.closeInput();
      expect((await collect(attachment)).stdout.toString()).toBe('small');
    });

    test('refuses writes after the end of the container', async () => {
      await using harness = await open();
      const { attachment, exit } = await startContainer(harness, 'exit3');
      const reading = collect(attachment);
      await exit;
      await reading;
      const refused = await rejectionOf(
        until('a write is refused', async () => {
          await send(attachment, Buffer.alloc(1024));
          return false;
        }),
      );
      expect(refused).toMatchObject({ code: 'ENGINE_FAILED' });
      expect(attachment.write(Buffer.alloc(1))).toBe(false);
    });

    test('ends the output for its reader when the attachment is disposed of', async () => {
      await using harness = await open();
      const { attachment } = await startContainer(harness, 'sleeper');
      const reading = collect(attachment);
      attachment[Symbol.dispose]();
      attachment[Symbol.dispose]();
      expect((await reading).stderr.length).toBe(0);
    });
  });
}
