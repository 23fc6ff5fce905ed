// The contract on the real engine, reached through a proxy that can be cut.
import { describe } from 'vitest';
import { CuttableProxy } from '../../support/engine/cuttable-proxy.ts';
import { openTestEngine, SHELL_IMAGE, testDockerHost } from '../../support/engine/test-engine.ts';
import { until } from '../../support/engine/until.ts';
import type { EngineHarness } from './engine-harness.ts';
import { describeContainerLife } from './life-contract.ts';
import { describeLoss } from './loss-contract.ts';

async function open(): Promise<EngineHarness> {
  await using stack = new AsyncDisposableStack();
  const proxy = stack.use(await CuttableProxy.open(testDockerHost()));
  const opened = stack.use(await openTestEngine(proxy.dockerHost));
  const owned = stack.move();
  return {
    engine: opened.engine,
    image: SHELL_IMAGE,
    cut: async () => {
      await proxy.cut();
      await until('the loss is noticed', () => !opened.engine.isConnected());
    },
    mend: () => proxy.mend(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe('the Docker Engine', () => {
  describeContainerLife(open);
  describeLoss(open);
});
