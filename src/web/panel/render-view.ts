// Nunjucks behind one method. Escaping is on, an undefined value is an error: a page with a hole never leaves.
import { fileURLToPath } from 'node:url';
import nunjucks from 'nunjucks';
import { htmlAnswer, type Answer } from '../http/route.ts';
import type { Progress } from '../../core/reported.ts';
import { formatBytes, formatProgress, formatSpan, formatTime } from './format.ts';

const FOLDER = fileURLToPath(new URL('./views', import.meta.url));

export interface PageFrame {
  /** of the browser's tab */
  readonly title: string;
  /** which entry of the navigation is current */
  readonly section: 'dashboard' | 'runs' | 'plugins' | 'none';
  /** address of the stream that tells when to load the live parts again; null: none */
  readonly live: string | null;
}

export class Views {
  readonly #environment: nunjucks.Environment;
  readonly #version: string;

  constructor(version: string) {
    this.#version = version;
    this.#environment = new nunjucks.Environment(new nunjucks.FileSystemLoader(FOLDER), {
      autoescape: true,
      throwOnUndefined: true,
      trimBlocks: true,
      lstripBlocks: true,
    });
    this.#environment.addFilter('span', (value: number) => formatSpan(value));
    this.#environment.addFilter('bytes', (value: number) => formatBytes(value));
    this.#environment.addFilter('time', (value: string) => formatTime(value));
    this.#environment.addFilter('progress', (value: Progress) => formatProgress(value));
    this.#environment.addFilter('words', (value: string) => value.replaceAll('_', ' '));
    this.#environment.addFilter('percent', (value: number) => `${String(Math.round(value * 100))}\u00a0%`);
  }

  /** `view`: name of the template without its ending. */
  render(view: string, frame: PageFrame, model: object, status = 200): Answer {
    return htmlAnswer(this.#environment.render(`${view}.njk`, { ...model, frame, version: this.#version }), status);
  }
}
