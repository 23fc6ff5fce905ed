// Three hooks in order, the second of which can be told to crash, over the memory store.
import type { JsonValue } from '../../../src/core/json.ts';
import type { Run } from '../../../src/core/run.ts';
import { CRASH } from './fake-invoker.ts';
import { makePipeline, makePlugin, RunWorld } from './run-world.ts';

export const HOOKS = ['one', 'two', 'three'];
const PLUGINS = HOOKS.map((hook) => makePlugin(`${hook}er`, { hooks: [hook], failHard: true }));
/** Three hooks in order; the second crashes while `isBroken`. Each leaves its name and what it saw. */
export class Chain {
  isBroken = true;
  readonly world: RunWorld;

  constructor(options: ConstructorParameters<typeof RunWorld>[0] = {}) {
    this.world = new RunWorld({ versions: PLUGINS, pipelines: [makePipeline({ hookNames: HOOKS })], ...options });
    for (const hook of HOOKS)
      this.world.invoker.on(`${hook}er`, () =>
        hook === 'two' && this.isBroken ? { outcome: CRASH, data: null } : { data: { [hook]: this.calls.length } },
      );
  }

  /** plugins called so far */
  get calls(): readonly string[] {
    return this.world.invoker.calls.map(({ plugin }) => plugin);
  }

  async finish(data: JsonValue = { in: 0 }, params: Record<string, JsonValue> = { p: 1, q: 2 }): Promise<Run> {
    const { run } = await this.world.runs.startRun({ pipeline: 'default', trigger: 'api', params, data });
    return await this.world.settle(run.id);
  }

  /** What the run gave to its plugins since so many calls. */
  seen(after: number): readonly unknown[] {
    return this.world.invoker.calls
      .slice(after)
      .map(({ input }) => (input as { context: { data: unknown } }).context.data);
  }
}

export async function openChain(options: ConstructorParameters<typeof RunWorld>[0] = {}): Promise<Chain> {
  const chain = new Chain(options);
  await chain.world.runs.start();
  return chain;
}
