// The contract on the real engine, reached through a proxy that can be cut.
import { describe } from 'vitest';
import { FifoPipes } from '../../../src/adapters/system/fifo-pipes.ts';
import { canPipe } from '../../support/engine/can-pipe.ts';
import { CuttableProxy } from '../../support/engine/cuttable-proxy.ts';
import { openTestEngine, SHELL_IMAGE, testDockerHost } from '../../support/engine/test-engine.ts';
import { until } from '../../support/engine/until.ts';
import { createTestFolder } from '../../support/store/open-sqlite.ts';
import { ownPipes, type EngineHarness } from './engine-harness.ts';
import { describeImages } from './image-contract.ts';
import { describeContainerLife } from './life-contract.ts';
import { describeLoss } from './loss-contract.ts';
import { describePipes } from './pipe-contract.ts';
import { describeStreams } from './stream-contract.ts';

async function open(hasPipes = false): Promise<EngineHarness> {
  await using stack = new AsyncDisposableStack();
  const proxy = stack.use(await CuttableProxy.open(testDockerHost()));
  const opened = stack.use(await openTestEngine(proxy.dockerHost));
  const folder = stack.use(createTestFolder());
  const owned = stack.move();
  const pipes = hasPipes ? ownPipes(new FifoPipes(folder.path), owned) : null;
  return {
    engine: opened.engine,
    image: SHELL_IMAGE,
    ...(pipes === null ? {} : { pipes }),
    cut: async () => {
      await proxy.cut();
      await until('the loss is noticed', () => !opened.engine.isConnected());
    },
    mend: () => proxy.mend(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe('the Docker Engine', () => {
  describeStreams(() => open());
  describeContainerLife(() => open());
  describeLoss(() => open());
  describeImages(() => open());
});

describe.skipIf(!(await canPipe()))('named pipes beside the Docker Engine', () => {
  describeStreams(() => open(true));
  describePipes(() => open(true));
});
