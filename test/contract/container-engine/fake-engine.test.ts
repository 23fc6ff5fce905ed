// The contract on the fake: what it promises is what the real engine does.
import { describe } from 'vitest';
import type { NamedPipes } from '../../../src/core/ports/named-pipes.ts';
import { FakeEngine } from '../../support/engine/fake-engine.ts';
import { FakePipes } from '../../support/engine/fake-pipes.ts';
import { programOf } from './behaviours.ts';
import type { EngineHarness } from './engine-harness.ts';
import { describeImages } from './image-contract.ts';
import { describeContainerLife } from './life-contract.ts';
import { describeLoss } from './loss-contract.ts';
import { describePipes } from './pipe-contract.ts';
import { describeStreams } from './stream-contract.ts';

const IMAGE = 'gantry/base-shell:1';

function open(pipes?: NamedPipes): Promise<EngineHarness> {
  const engine = new FakeEngine({ program: programOf, images: [IMAGE] });
  return Promise.resolve({
    engine,
    image: IMAGE,
    ...(pipes === undefined ? {} : { pipes }),
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
  describeStreams(() => open());
  describeContainerLife(() => open());
  describeLoss(() => open());
  describeImages(() => open());
});

describe('fake pipes beside the fake engine', () => {
  describeStreams(() => open(new FakePipes()));
  describePipes(() => open(new FakePipes()));
});
