// Builds on the real engine. No build here can reach a network, and the registry that is asked for a missing base is a closed loopback port.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { BuildRequest, ContextEntry } from '../../../src/core/ports/container-engine.ts';
import { openTestEngine, SHELL_IMAGE, soon, type TestEngine } from '../../support/engine/test-engine.ts';
import { until } from '../../support/engine/until.ts';

const MiB = 1024 * 1024;

const file = (path: string, text: string, mode = 0o644): ContextEntry => ({ path, mode, bytes: Buffer.from(text) });

interface PreparedBuild {
  readonly request: BuildRequest;
  readonly lines: string[];
}

function build(instructions: readonly string[], changes: Partial<BuildRequest> = {}): PreparedBuild {
  const lines: string[] = [];
  const request: BuildRequest = {
    tag: `gantry-test/build:${randomBytes(6).toString('hex')}`,
    dockerfile: [`FROM ${SHELL_IMAGE}`, ...instructions, ''].join('\n'),
    entries: [],
    labels: {},
    isNetworked: false,
    memoryBytes: 256 * MiB,
    buildArgs: {},
    onLine: (line) => void lines.push(line),
    ...changes,
  };
  return { request, lines };
}

/** Layers that the output names. */
function layersOf(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^ ---> ([0-9a-f]{12})$/.exec(line)?.[1] ?? []);
}

async function standing({ engine }: TestEngine, ids: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const id of ids) {
    const image = await engine.inspectImage(id, soon());
    if (image !== null && !image.tags.includes(SHELL_IMAGE)) found.push(id);
  }
  return found;
}

describe('a build', () => {
  test('sees the listed files and its arguments, but neither its Dockerfile nor a network', async () => {
    await using opened = await openTestEngine();
    const { request, lines } = build(
      [
        'ARG COLOUR',
        'COPY . /app',
        'RUN test "$COLOUR" = blue && test -x /app/bin/run && test "$(cat /app/a.txt)" = hello',
        'RUN test "$(ls -A /app | tr "\\n" " ")" = "a.txt bin "',
        'RUN test -z "$(tail -n +2 /proc/net/route)" && echo all is well',
      ],
      {
        entries: [file('a.txt', 'hello'), file('bin/run', '#!/bin/sh\n', 0o755)],
        labels: { 'test.colour': 'blue' },
        buildArgs: { COLOUR: 'blue' },
      },
    );
    const { imageId } = await opened.engine.buildImage(request, soon());
    expect(lines).toContain('all is well');
    expect(await opened.engine.inspectImage(request.tag, soon())).toMatchObject({
      id: imageId,
      tags: [request.tag],
      labels: { 'test.colour': 'blue', 'io.gantry.instance': opened.instanceId },
    });
  });

  test('gives the same image for the same content', async () => {
    await using opened = await openTestEngine();
    const prepared = build(['COPY a.txt /a.txt', 'RUN date +%N > /made-at'], { entries: [file('a.txt', 'same')] });
    const first = await opened.engine.buildImage(prepared.request, soon());
    const second = await opened.engine.buildImage(prepared.request, soon());
    expect(second).toEqual(first);
    expect(prepared.lines).toContain(' ---> Using cache');
  });

  test('ends as BUILD_FAILED with the line of the Dockerfile, and leaves no image', async () => {
    await using opened = await openTestEngine();
    const marker = randomBytes(6).toString('hex');
    const { request, lines } = build(['', '# says why', `RUN echo ${marker}`, 'RUN echo broken \\', '  && exit 3']);
    const failed = opened.engine.buildImage(request, soon());
    await expect(failed).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringMatching(/^Dockerfile line 5 \(RUN echo broken.*non-zero code: 3/) as string,
    });
    expect(lines).toContain('broken');
    expect(await standing(opened, layersOf(lines))).toEqual([]);
  });

  test.each([
    ['an unknown instruction', 'FROMAGE x'],
    ['a file that is not there', 'COPY no-such-file /'],
    ['a process that takes too much memory', 'RUN tail /dev/zero'],
  ])('ends as BUILD_FAILED for %s', async (_, instruction) => {
    await using opened = await openTestEngine();
    const { request } = build([instruction], { memoryBytes: 32 * MiB });
    await expect(opened.engine.buildImage(request, soon())).rejects.toMatchObject({ code: 'BUILD_FAILED' });
  });

  test('ends as BASE_IMAGE_MISSING when its base is neither here nor to be had', async () => {
    await using opened = await openTestEngine();
    const { request } = build([], { dockerfile: 'FROM 127.0.0.1:1/gantry/none:1\n' });
    await expect(opened.engine.buildImage(request, soon())).rejects.toMatchObject({
      code: 'BASE_IMAGE_MISSING',
      message: expect.stringContaining('Dockerfile line 1') as string,
    });
    await expect(opened.engine.pullImage('127.0.0.1:1/gantry/none:1', soon())).rejects.toMatchObject({
      code: 'IMAGE_MISSING',
    });
  });

  test('ends as BUILD_TIMEOUT at its deadline, naming the line, and the engine stops working on it', async () => {
    await using opened = await openTestEngine();
    const deadline = new AbortController();
    // A container of a build carries the labels of its image so far.
    const label = `LABEL io.gantry.instance=${opened.instanceId}`;
    const { request } = build([label, 'RUN echo started && sleep 1000000'], {
      onLine: (line) => {
        if (line === 'started') deadline.abort(new DOMException('no end in time', 'TimeoutError'));
      },
    });
    await expect(opened.engine.buildImage(request, { signal: deadline.signal })).rejects.toMatchObject({
      code: 'BUILD_TIMEOUT',
      message: expect.stringContaining('Dockerfile line 3') as string,
    });
    await until('its container is gone', async () => (await opened.engine.listContainers({}, soon())).length === 0);
    expect(await opened.engine.inspectImage(request.tag, soon())).toBeNull();
  });

  test('leaves no nameless stage behind, and never touches a base image', async () => {
    await using opened = await openTestEngine();
    const marker = randomBytes(6).toString('hex');
    const stages = [`RUN echo ${marker} > /made`, `FROM ${SHELL_IMAGE}`, `FROM ${SHELL_IMAGE}`];
    const { request, lines } = build([...stages, 'COPY --from=0 /made /made', 'CMD ["cat", "/made"]']);
    const { imageId } = await opened.engine.buildImage(request, soon());
    const stageLayer = layersOf(lines)[1] ?? '';
    expect(stageLayer).toMatch(/^[0-9a-f]{12}$/);
    expect(await opened.engine.inspectImage(stageLayer, soon())).toBeNull();
    expect(await opened.engine.inspectImage(SHELL_IMAGE, soon())).not.toBeNull();
    expect((await opened.engine.inspectImage(imageId, soon()))?.config['Cmd']).toEqual(['cat', '/made']);
  });
});

describe('a build that keeps its stages', () => {
  test('lets the next one take them, and leaves none when the engine is disposed of', async () => {
    const marker = randomBytes(6).toString('hex');
    const stages = (last: string) => [
      `RUN echo ${marker} > /made`,
      `RUN echo ${last} >> /made`,
      `FROM ${SHELL_IMAGE}`,
      'COPY --from=0 /made /made',
    ];
    await using after = await openTestEngine();
    const seen: string[] = [];
    {
      await using opened = await openTestEngine();
      for (const last of ['one', 'two']) {
        const { request, lines } = build(stages(last), { keepsStages: true });
        await opened.engine.buildImage(request, soon());
        expect(lines.some((line) => line.includes('Using cache'))).toBe(last === 'two');
        seen.push(layersOf(lines)[2] ?? '');
        expect(await opened.engine.inspectImage(seen.at(-1) ?? '', soon())).not.toBeNull();
      }
      expect(await opened.engine.inspectImage(seen[0] ?? '', soon())).toBeNull();
    }
    expect(await after.engine.inspectImage(seen[1] ?? '', soon())).toBeNull();
  });
});

describe('an image', () => {
  test('is listed by its labels, gets further names, and is gone after its last name', async () => {
    await using opened = await openTestEngine();
    const { engine, instanceId } = opened;
    const { request } = build(['CMD ["true"]']);
    const { imageId } = await engine.buildImage(request, soon());
    await engine.tagImage(request.tag, 'gantry-test/other', instanceId, soon());
    const listed = await engine.listImages({ 'io.gantry.instance': instanceId }, soon());
    expect(listed.map(({ id }) => id)).toEqual([imageId]);
    await engine.removeImage(request.tag, soon());
    expect((await engine.inspectImage(imageId, soon()))?.tags).toEqual([`gantry-test/other:${instanceId}`]);
    await engine.removeImage(`gantry-test/other:${instanceId}`, soon());
    await engine.removeImage(`gantry-test/other:${instanceId}`, soon());
    expect(await engine.inspectImage(imageId, soon())).toBeNull();
    await expect(engine.tagImage(imageId, 'gantry-test/other', 'x', soon())).rejects.toMatchObject({
      code: 'IMAGE_MISSING',
    });
  });
});
