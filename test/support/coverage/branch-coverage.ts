// Which parts of some files no test has run, by V8's own count of blocks: branches, bodies, operands of `??`, `&&` and `? :`. It counts only what
// is loaded after its start, so start it first and import the files (through their tests) later.
import { Session } from 'node:inspector/promises';

export interface Uncovered {
  readonly file: string;
  /** the text that was not run, on one line */
  readonly text: string;
}

/** What is left between the end of a block and the next, and what the test runner wraps around a module and its exports. */
const NOTHING = /^(?:[\s{}();,]*|catch \{\}|\(\) => \{\s*try \{\s*return \w+;?\s*\} catch \{\}\s*\})$/;

export class BranchCoverage {
  readonly #session = new Session();

  private constructor() {
    this.#session.connect();
  }

  static async start(): Promise<BranchCoverage> {
    const coverage = new BranchCoverage();
    await coverage.#session.post('Profiler.enable');
    await coverage.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    return coverage;
  }

  /** @param files ends of paths; each must have been loaded */
  async uncovered(files: readonly string[]): Promise<readonly Uncovered[]> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    await this.#session.post('Debugger.enable');
    const all: Uncovered[] = [];
    for (const file of files) {
      const scripts = result.filter(({ url }) => url.split('?')[0]?.endsWith(`/${file}`));
      if (scripts.length === 0) all.push({ file, text: 'was never loaded' });
      for (const { scriptId, functions } of scripts) {
        const { scriptSource } = await this.#session.post('Debugger.getScriptSource', { scriptId });
        const ranges = functions.flatMap((one) => one.ranges.filter(({ count }) => count === 0));
        const texts = ranges.map(({ startOffset, endOffset }) => scriptSource.slice(startOffset, endOffset));
        for (const text of texts)
          if (!NOTHING.test(text)) all.push({ file, text: text.replace(/\s+/g, ' ').slice(0, 200) });
      }
    }
    return all;
  }

  async stop(): Promise<void> {
    await this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }
}
