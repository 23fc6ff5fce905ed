// Engines that are missing, frozen, dying in the middle of an answer or talking nonsense: every call still settles, and says why.
import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { DockerEngine } from '../../../src/adapters/docker/docker-engine.ts';
import type { DomainEvent } from '../../../src/core/events.ts';
import type { CallOptions } from '../../../src/core/ports/container-engine.ts';
import { openOdd, talking } from '../../support/engine/odd-engine.ts';
import { soon } from '../../support/engine/test-engine.ts';
import { until } from '../../support/engine/until.ts';

const BUILD = {
  tag: 'x:1',
  dockerfile: 'FROM x\nWORKDIR /build\n',
  entries: [],
  labels: {},
  isNetworked: false,
  memoryBytes: 64 * 1024 * 1024,
  buildArgs: {},
  onLine: () => undefined,
};

const CONTAINER = JSON.stringify({
  Id: 'abc',
  State: { Running: false, OOMKilled: false, ExitCode: 0, Pid: 0 },
});

const resultsOf = (events: readonly DomainEvent[], operation: string): string[] =>
  events.flatMap((event) =>
    event.kind === 'engineRequestFinished' && event.operation === operation ? [event.result] : [],
  );

/** Dies as a killed daemon does, with all its connections, when a part of an answer is out; and is back at once. */
function dyingAfter(part: string): Server {
  const server = talking((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.flushHeaders();
    response.write(part, () => {
      server.closeAllConnections();
    });
  });
  return server;
}

describe('an engine that cannot be reached', () => {
  test('is DOCKER_UNAVAILABLE with the path and the mend, and is told as lost once', async () => {
    await using odd = await openOdd(null);
    await expect(odd.engine.facts(soon())).rejects.toMatchObject({
      code: 'DOCKER_UNAVAILABLE',
      message: expect.stringContaining(`nothing is at ${odd.socketPath}: start the Docker Engine`) as string,
    });
    await until('it was tried again', () => resultsOf(odd.events, 'events').length > 2);
    expect(odd.events.filter(({ kind }) => kind === 'engineLost')).toHaveLength(1);
    expect(resultsOf(odd.events, 'version')).toEqual(['unreachable']);
    expect(odd.engine.isConnected()).toBe(false);
  });

  test('is found as soon as it is there', async () => {
    await using odd = await openOdd(null);
    await until('the loss is told', () => odd.events.some(({ kind }) => kind === 'engineLost'));
    const server = talking((_, response) => response.end());
    await once(server.listen(odd.socketPath), 'listening');
    await until('it is found', () => odd.engine.isConnected());
    await odd.engine[Symbol.asyncDispose]();
    server.close();
    expect(odd.events.map(({ kind }) => kind).filter((kind) => kind !== 'engineRequestFinished')).toEqual([
      'engineLost',
      'engineFound',
    ]);
  });
});

describe('an engine that does not answer', () => {
  test('lets a call end with ENGINE_TIMEOUT at its deadline', async () => {
    const frozen = createServer((socket) => void socket.on('error', () => undefined).resume());
    await using odd = await openOdd(frozen);
    const deadline = new AbortController();
    const call = odd.engine.inspectContainer('abc', { signal: deadline.signal });
    deadline.abort(new DOMException('no end in time', 'TimeoutError'));
    await expect(call).rejects.toMatchObject({ code: 'ENGINE_TIMEOUT' });
    expect(resultsOf(odd.events, 'inspect')).toEqual(['timeout']);
  });

  test.each([
    ['image', (engine: DockerEngine, options: CallOptions) => engine.inspectImage('some:1', options)],
    ['container', (engine: DockerEngine, options: CallOptions) => engine.inspectContainer('abc', options)],
  ])('loses the connection of a look at an %s that is given up', async (_, look) => {
    const open: string[] = [];
    const closed: string[] = [];
    const frozen = talking(({ url = '' }, response) => {
      open.push(url);
      response.on('close', () => closed.push(url));
    });
    await using odd = await openOdd(frozen);
    const deadline = new AbortController();
    const call = look(odd.engine, { signal: deadline.signal });
    await until('the engine has the request', () => open.length === 1);
    deadline.abort(new DOMException('no end in time', 'TimeoutError'));
    await expect(call).rejects.toMatchObject({ code: 'ENGINE_TIMEOUT' });
    await until('its connection is closed', () => closed.length === 1);
  });

  test.each([
    ['after its headers', ''],
    ['in the middle of its answer', '{"Id":"abc"'],
  ])('lets every call end when it dies %s', async (_, part) => {
    await using odd = await openOdd(dyingAfter(part));
    const calls = [
      (): Promise<unknown> => odd.engine.inspectImage('some:1', soon()),
      (): Promise<unknown> => odd.engine.inspectContainer('abc', soon()),
      async (): Promise<unknown> => await (await odd.engine.waitExit('abc', soon())).exit,
    ];
    for (const call of calls) {
      await until('it is connected', () => odd.engine.isConnected());
      await expect(call()).rejects.toMatchObject({ code: 'DOCKER_UNAVAILABLE' });
    }
  });

  test('lets a build end when it dies in the middle of the output', async () => {
    const dying = talking((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(200);
        response.write('{"stream":"Step 1/2 : FROM x\\n"}\n');
        response.destroy();
      });
    });
    await using odd = await openOdd(dying);
    await expect(odd.engine.buildImage(BUILD, soon())).rejects.toMatchObject({ code: 'DOCKER_UNAVAILABLE' });
  });
});

describe('an engine whose build cache another program tidies up', () => {
  const STAGE = `sha256:${'a'.repeat(64)}`;

  /** @param losses builds that fail before one succeeds. @returns as well whether each build could use the cache */
  function forgetful(
    losses: number,
    gone = `unknown parent image ID ${STAGE}`,
  ): { readonly server: HttpServer; readonly isCached: readonly boolean[] } {
    const ID = `sha256:${'b'.repeat(64)}`;
    const isCached: boolean[] = [];
    const server = talking((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(200, { 'content-type': 'application/json' });
        if (request.url?.startsWith('/build') !== true) {
          response.end(
            JSON.stringify({ Id: ID, RepoTags: ['x:1'], Size: 1, Created: '2026-01-01T00:00:00Z', Config: {} }),
          );
          return;
        }
        isCached.push(!request.url.includes('nocache=true'));
        const end = isCached.length <= losses ? { error: gone, errorDetail: { message: gone } } : { aux: { ID } };
        response.end(`{"stream":"Step 2/2 : WORKDIR /build\\n"}\n${JSON.stringify(end)}\n`);
      });
    });
    return { server, isCached };
  }

  test.each([
    `unknown parent image ID ${STAGE}`,
    `unable to find image "${STAGE}"`,
    `failed to get destination image "${STAGE}": No such image: ${STAGE}`,
    'layer does not exist',
  ])('builds again after "%s", and says so in the log of the build', async (gone) => {
    const { server, isCached } = forgetful(1, gone);
    await using odd = await openOdd(server);
    const lines: string[] = [];
    const built = await odd.engine.buildImage({ ...BUILD, onLine: (line) => void lines.push(line) }, soon());
    expect(built.imageId).toBe(`sha256:${'b'.repeat(64)}`);
    expect(isCached).toEqual([true, true]);
    expect(lines).toContainEqual(expect.stringContaining('built again'));
  });

  test('gives up when the cache is gone each time, at last without one', async () => {
    const { server, isCached } = forgetful(Infinity);
    await using odd = await openOdd(server);
    await expect(odd.engine.buildImage(BUILD, soon())).rejects.toMatchObject({ code: 'BUILD_FAILED' });
    expect(isCached).toEqual([true, true, true, false]);
  });
});

test('an image whose parents another program removes at the same time is removed all the same', async () => {
  const refusals = [500, 404];
  const racing = talking((_, response) => {
    response.writeHead(refusals.shift() ?? 500, { 'content-type': 'application/json' });
    response.end(`{"message":"unrecognized image ID sha256:${'a'.repeat(64)}"}`);
  });
  await using odd = await openOdd(racing);
  expect(await odd.engine.removeImage('some:1', soon())).toBe(true);
  expect(resultsOf(odd.events, 'image_remove')).toEqual(['500', '404']);
  await expect(odd.engine.removeImage('some:1', soon())).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
});

describe('an engine that removes a container for somebody else', () => {
  const path = '/containers/abc';

  /** @param isGone whether the removal had ended when the wait for it began: that wait is never answered */
  function removing(isGone: boolean): { readonly server: HttpServer; readonly waits: { open: number } } {
    const waits = { open: 0 };
    const server = talking(({ method, url = '' }, response) => {
      if (method === 'DELETE')
        response.writeHead(409).end('{"message":"removal of container abc is already in progress"}');
      else if (url.startsWith(`${path}/wait`)) {
        waits.open += 1;
        response.on('close', () => (waits.open -= 1));
        response.writeHead(200).flushHeaders();
        if (!isGone) setImmediate(() => response.end('{"StatusCode":0}'));
      } else if (isGone) response.writeHead(404).end('{"message":"No such container: abc"}');
      else response.end(CONTAINER);
    });
    return { server, waits };
  }

  test.each([
    ['waits until it has gone', false],
    ['does not wait for one that went before it could', true],
  ])('%s', async (_, isGone) => {
    const { server, waits } = removing(isGone);
    await using odd = await openOdd(server);
    await odd.engine.removeContainer('abc', soon());
    await until('no wait is left open', () => waits.open === 0);
  });
});

describe('an engine that talks nonsense', () => {
  test('is ENGINE_FAILED with the field that is wrong', async () => {
    const nonsense = talking((_, response) => response.end('{"Id":"abc","State":{"Running":"maybe"}}'));
    await using odd = await openOdd(nonsense);
    await expect(odd.engine.inspectContainer('abc', soon())).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringContaining('State.Running') as string,
    });
  });

  test('never gets an id into its paths that is none', async () => {
    await using odd = await openOdd(null);
    for (const id of ['../images/x', 'a/b', '', 'a?force=1']) {
      await expect(odd.engine.removeContainer(id, soon())).rejects.toMatchObject({ code: 'DEFECT' });
    }
    await expect(odd.engine.removeImage('a/../b', soon())).rejects.toMatchObject({ code: 'DEFECT' });
  });
});
