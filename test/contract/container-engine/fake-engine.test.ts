// The contract on the fake: what it promises is what the real engine does.
import { describe } from 'vitest';
import { FakeEngine } from '../../support/engine/fake-engine.ts';
import { programOf } from './behaviours.ts';
import type { EngineHarness } from './engine-harness.ts';
import { describeContainerLife } from './life-contract.ts';
import { describeLoss } from './loss-contract.ts';

const IMAGE = 'gantry/base-shell:1';

function open(): Promise<EngineHarness> {
  const engine = new FakeEngine({ program: programOf, images: [IMAGE] });
  return Promise.resolve({
    engine,
    image: IMAGE,
    cut: () => {
      engine.lose();
      return Promise.resolve();
    },
    mend: () => {
      engine.find();
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  });
}

describe('the fake engine', () => {
  describeContainerLife(open);
  describeLoss(open);
});
