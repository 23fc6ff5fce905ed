// A plugin in a real container with all its hardening, as a process to hold a conversation with: bytes in, bytes out, and nothing of the host's
// session between.
import { PassThrough } from 'node:stream';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import type { PluginVersion } from '../../../src/core/plugin.ts';
import type { ContainerEngine } from '../../../src/core/ports/container-engine.ts';
import { compareSpec } from '../../../src/sandbox/container/compare-spec.ts';
import { containerSpec } from '../../../src/sandbox/container/container-spec.ts';
import type { ProcessUnderTest } from '../../protocol/sdk/conversation.ts';
import { soon } from '../engine/test-engine.ts';

/** The container is removed once it has ended. @throws Error when the engine did not make what was asked */
export async function startInContainer(
  engine: ContainerEngine,
  instanceId: string,
  version: PluginVersion,
): Promise<ProcessUnderTest> {
  const ids = new SystemIds();
  const sandboxId = ids.newId('sbx');
  const settings = { instanceId, workerId: ids.newId('wrk'), hasAppArmor: false };
  const spec = containerSpec(version, settings, 7, sandboxId);
  const id = await engine.createContainer(`${instanceId}-${sandboxId}`, spec, soon());
  const facts = await engine.inspectContainer(id, soon());
  const differences = facts === null ? ['it is gone'] : compareSpec(spec, facts);
  if (differences.length > 0) throw new Error(differences.join('; '));
  const attachment = await engine.attach(id, soon());
  const { exit } = await engine.waitExit(id, { signal: new AbortController().signal });
  const output = { stdout: new PassThrough(), stderr: new PassThrough() };
  const read = attachment.read((stream, bytes) => void output[stream].write(Buffer.from(bytes)));
  await engine.startContainer(id, soon());
  const ended = Promise.all([exit, read]).then(async ([{ exitCode }]) => {
    output.stdout.end();
    output.stderr.end();
    attachment[Symbol.dispose]();
    await engine.removeContainer(id, soon());
    return exitCode;
  });
  let writing = Promise.resolve();
  return {
    ...output,
    ended,
    write: (bytes) => {
      writing = writing.then(() => (attachment.write(Buffer.from(bytes)) ? undefined : attachment.flushed(soon())));
      writing.catch(() => undefined); // it is gone: what is awaited tells
    },
    endInput: () => {
      void writing.then(() => {
        attachment.closeInput();
      });
    },
    kill: () => void engine.killContainer(id, 'SIGKILL', soon()),
  };
}
