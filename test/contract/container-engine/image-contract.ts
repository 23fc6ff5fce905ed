// The contract of removing images: by label, by id, and never what is needed.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { soon } from '../../support/engine/test-engine.ts';
import { specOf } from './behaviours.ts';
import { freshName, type EngineHarness, type OpenHarness } from './engine-harness.ts';

/** A small image of its own content, with the label `test.mark`. */
async function build(
  { engine, image }: EngineHarness,
  mark: string,
): Promise<{ readonly id: string; readonly tag: string }> {
  const tag = `gantry-test/contract:${randomBytes(6).toString('hex')}`;
  const { imageId } = await engine.buildImage(
    {
      tag,
      dockerfile: `FROM ${image}\nLABEL test.salt=${tag}\n`,
      entries: [],
      labels: { 'test.mark': mark },
      isNetworked: false,
      memoryBytes: 256 * 1024 * 1024,
      buildArgs: {},
      onLine: () => undefined,
    },
    soon(),
  );
  return { id: imageId, tag };
}

export function describeImages(open: OpenHarness): void {
  describe('the removal of images', () => {
    test('lists exactly those with the label, and removes them by id with their tag', async () => {
      await using harness = await open();
      const { engine } = harness;
      const mark = randomBytes(6).toString('hex');
      const [first, second] = [await build(harness, mark), await build(harness, mark)];
      await build(harness, 'another');
      const listed = await engine.listImages({ 'test.mark': mark }, soon());
      expect(new Set(listed.map(({ id }) => id))).toEqual(new Set([first.id, second.id]));
      expect(listed.find(({ id }) => id === first.id)).toMatchObject({
        tags: [first.tag],
        labels: { 'test.mark': mark },
      });
      expect(await engine.removeImage(first.id, soon())).toBe(true);
      expect(await engine.inspectImage(first.tag, soon())).toBeNull();
      expect(await engine.removeImage(first.id, soon())).toBe(true);
      expect((await engine.listImages({ 'test.mark': mark }, soon())).map(({ id }) => id)).toEqual([second.id]);
      expect(await engine.inspectImage(harness.image, soon())).not.toBeNull();
    });

    test('says false for an image that a container has, if only a created one, and leaves it', async () => {
      await using harness = await open();
      const { engine } = harness;
      const { id, tag } = await build(harness, 'used');
      const container = await engine.createContainer(freshName(), specOf('echo', id), soon());
      expect(await engine.removeImage(id, soon())).toBe(false);
      expect(await engine.inspectImage(tag, soon())).toMatchObject({ id });
      await engine.removeContainer(container, soon());
      expect(await engine.removeImage(id, soon())).toBe(true);
    });

    test('says false for the id of an image that somebody gave a second name, and lists one that has lost its name', async () => {
      await using harness = await open();
      const { engine } = harness;
      const mark = randomBytes(6).toString('hex');
      const { id, tag } = await build(harness, mark);
      const other = randomBytes(6).toString('hex');
      await engine.tagImage(id, 'gantry-test/second', other, soon());
      expect(await engine.removeImage(id, soon())).toBe(false);
      expect(await engine.removeImage(`gantry-test/second:${other}`, soon())).toBe(true);
      expect(await engine.listImages({ 'test.mark': mark }, soon())).toMatchObject([{ id, tags: [tag] }]);
      await engine.tagImage((await build(harness, 'heir')).id, ...nameOf(tag), soon());
      expect(await engine.listImages({ 'test.mark': mark }, soon())).toMatchObject([{ id, tags: [] }]);
      expect(await engine.removeImage(id, soon())).toBe(true);
    });
  });
}

function nameOf(reference: string): [repository: string, tag: string] {
  const at = reference.lastIndexOf(':');
  return [reference.slice(0, at), reference.slice(at + 1)];
}
