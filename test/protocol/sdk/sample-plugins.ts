// Runs the sample plugins as plain processes, laid out as docker/runtimes/README.md says an image is: the SDK for Node
// stands in a node_modules above the plugin, the one for Go is put into go.mod by the build.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GO_ENVIRONMENT } from './sdk-language.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
const RUNTIMES = path.join(ROOT, 'docker/runtimes');

export class SamplePlugins implements Disposable {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'gantry-samples-'));

  constructor() {
    cpSync(path.join(ROOT, 'plugins'), path.join(this.#folder, 'plugins'), { recursive: true });
    const nodeSdk = path.join(this.#folder, 'node_modules/gantry');
    mkdirSync(nodeSdk, { recursive: true });
    cpSync(path.join(RUNTIMES, 'node/gantry.mjs'), path.join(nodeSdk, 'index.mjs'));
    cpSync(path.join(RUNTIMES, 'node/package.json'), path.join(nodeSdk, 'package.json'));
    const go = { cwd: this.#pathOf('licence_summary'), env: GO_ENVIRONMENT };
    execFileSync('go', ['mod', 'edit', '-require=gantry@v0.0.0', `-replace=gantry=${RUNTIMES}/go`], go);
    execFileSync('go', ['build', '-o', 'plugin', '.'], go);
  }

  /** Gives the plugin a request with this data; returns its result document. */
  run(name: string, data: unknown, given: { params?: unknown; config?: unknown } = {}): unknown {
    const { params = {}, config = {} } = given;
    const context = {
      run: { id: 'run_1', pipeline: 'default', trigger: 'cli' },
      hook: 'any',
      params,
      data,
      results: {},
    };
    const request = { protocol: '1.0', method: 'run', invocation: { attempt: 1 }, context, config, secrets: {} };
    const [program, ...args] = this.#commandOf(name);
    return this.#ask(name, program, args, request);
  }

  /** Runs the plugin `report`, which is a plain filter over the data. */
  report(data: unknown): Record<string, unknown> {
    return this.#ask('report', 'jq', ['-f', 'report.jq'], data) as Record<string, unknown>;
  }

  #commandOf(name: string): [string, ...string[]] {
    switch (name) {
      case 'parse_lockfile':
        return [process.execPath, 'main.mjs'];
      case 'licence_summary':
        return ['./plugin'];
      default:
        return ['python3', 'main.py'];
    }
  }

  #ask(name: string, program: string, args: readonly string[], input: unknown): unknown {
    const { stdout, stderr, error } = spawnSync(program, args, {
      cwd: this.#pathOf(name),
      input: JSON.stringify(input),
      env: { ...process.env, PYTHONPATH: path.join(RUNTIMES, 'python') },
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      timeout: 100_000,
    });
    if (error) throw error;
    if (stdout === '') throw new Error(`${name} wrote nothing; stderr: ${stderr}`);
    return JSON.parse(stdout);
  }

  #pathOf(name: string): string {
    return path.join(this.#folder, 'plugins', name);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
