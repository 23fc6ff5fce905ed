// Reads the classic builder's messages: lines for the reader, the step under way, the images of finished stages, the error. The engine's
// client library reports no error for a failed build, so the messages are the only place to learn of one.
import type { Progress } from './read-answers.ts';
import { progressError } from './read-answers.ts';

const LINE_LENGTH_MAX = 16 * 1024;
const STEP = /^Step (\d+)\/\d+ : (.*)$/;
const LAYER = /^ ---> ([0-9a-f]{12,64})$/;

export interface BuildStep {
  /** 1, 2, 3, … */
  readonly number: number;
  readonly instruction: string;
}

export class BuildOutput {
  readonly #onLine: (line: string) => void;
  readonly #stageImages: string[] = [];
  #partial = '';
  #layer: string | null = null;
  #step: BuildStep | null = null;
  #imageId: string | null = null;
  #error: string | null = null;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  take(progress: Progress): void {
    if (progress.stream !== undefined) this.#takeText(progress.stream);
    else if (progress.status !== undefined && progress['progressDetail'] === undefined) this.#line(progress.status);
    this.#imageId = progress.aux?.ID ?? this.#imageId;
    const error = progressError(progress);
    if (error === null) return;
    this.#error = error.trim();
    this.#line(this.#error);
  }

  /** Call at the end of the stream: hands over a last line without a line feed. */
  finish(): void {
    if (this.#partial !== '') this.#takeText('\n');
  }

  get error(): string | null {
    return this.#error;
  }

  get step(): BuildStep | null {
    return this.#step;
  }

  /** The engine's id of the finished image; null when the build did not finish. */
  get imageId(): string | null {
    return this.#error === null ? this.#imageId : null;
  }

  /** Last layers of every stage but the final one of a successful build: what the build leaves behind without a name. */
  leftovers(): readonly string[] {
    return this.imageId === null && this.#layer !== null ? [...this.#stageImages, this.#layer] : this.#stageImages;
  }

  #takeText(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
    if (this.#partial.length <= LINE_LENGTH_MAX) return;
    this.#line(this.#partial);
    this.#partial = '';
  }

  #line(raw: string): void {
    const line = raw.replace(/\r$/, '');
    const step = STEP.exec(line);
    if (step !== null) this.#enter({ number: Number(step[1]), instruction: step[2] ?? '' });
    this.#layer = LAYER.exec(line)?.[1] ?? this.#layer;
    if (line !== '') this.#onLine(line);
  }

  #enter(step: BuildStep): void {
    if (/^FROM\s/i.test(step.instruction) && this.#layer !== null) {
      this.#stageImages.push(this.#layer);
      this.#layer = null;
    }
    this.#step = step;
  }
}
