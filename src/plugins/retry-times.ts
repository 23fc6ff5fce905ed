// When a folder that failed for a reason outside of it (engine lost, base image absent, changed while it was read) is tried again:
// 5 s later, then twice as long each time, up to a minute.
import { isErrorCode, ERROR_TABLE } from '../core/errors/error-table.ts';
import type { Problem } from '../core/plugin.ts';

const FIRST_MS = 5_000;
const MOST_MS = 60_000;
/** Not retryable for a caller, but an operator mends them without touching the folder. */
const MENDED_ELSEWHERE: readonly string[] = ['BASE_IMAGE_MISSING', 'IMAGE_MISSING', 'ENGINE_FAILED', 'STORE_FAILED'];

export class RetryTimes {
  readonly #folders = new Map<string, { readonly atMs: number; readonly waitMs: number }>();

  /** @param nowMs monotonic */
  failed(folder: string, problems: readonly Problem[], nowMs: number): void {
    if (!problems.some(({ code }) => canMendItself(code))) {
      this.#folders.delete(folder);
      return;
    }
    const before = this.#folders.get(folder);
    const waitMs = before === undefined ? FIRST_MS : Math.min(MOST_MS, before.waitMs * 2);
    this.#folders.set(folder, { atMs: nowMs + waitMs, waitMs });
  }

  /** @param atMs monotonic: not failed, but to be looked at anew then */
  again(folder: string, atMs: number): void {
    this.#folders.set(folder, { atMs, waitMs: FIRST_MS / 2 });
  }

  forget(folder: string): void {
    this.#folders.delete(folder);
  }

  /** Folders whose time has come. */
  due(nowMs: number): readonly string[] {
    return [...this.#folders].filter(([, { atMs }]) => atMs <= nowMs).map(([folder]) => folder);
  }

  /** Every folder that would be tried again some time. */
  all(): readonly string[] {
    return [...this.#folders.keys()];
  }
}

function canMendItself(code: string): boolean {
  return MENDED_ELSEWHERE.includes(code) || (isErrorCode(code) && ERROR_TABLE[code].isRetryable);
}
