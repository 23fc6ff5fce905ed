// Whether named pipes can work between this process and the engine under test: not with a remote engine, nor where the two see other files.
import { release } from 'node:os';
import { randomBytes } from 'node:crypto';
import { onPipes } from '../../../src/sandbox/container/container-spec.ts';
import { whyNoPipes } from '../../../src/sandbox/container/transports.ts';
import { createTestFolder } from '../store/open-sqlite.ts';
import { openTestEngine, SHELL_IMAGE, soon } from './test-engine.ts';

/** Asks the engine to mount a folder of ours, in a container that is never started. */
export async function canPipe(): Promise<boolean> {
  await using opened = await openTestEngine();
  const { engine } = opened;
  if (whyNoPipes('auto', await engine.facts(soon()), release()) !== null) return false;
  using folder = createTestFolder();
  const spec = {
    body: { Image: SHELL_IMAGE, NetworkDisabled: true, HostConfig: { NetworkMode: 'none', PidsLimit: 16 } },
  };
  const name = `gantry-can-pipe-${randomBytes(8).toString('hex')}`;
  return await engine.createContainer(name, onPipes(spec, folder.path), soon()).then(
    () => true,
    () => false,
  );
}
