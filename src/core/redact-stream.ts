// Takes secrets out of bytes that come in pieces, before anything is cut: what may be the beginning of a secret is held back until the next
// piece tells, so it holds less than the longest secret. Works on bytes written as one character each, since a piece may end inside one.
import { beginningAt, findSpans, joinSpans } from './redact-spans.ts';

const EMPTY = new Uint8Array(0);

export class RedactStream {
  readonly #forms: readonly string[];
  readonly #mark: string;
  readonly #beginningMin: number;
  #held = '';
  /** how many of the held characters a mark that was passed on stands for already */
  #covered = 0;
  /** whether the last that was passed on is a mark: a find that begins with what is held touches it and is one with it */
  #isMarked = false;

  /**
   * @param forms one character per byte
   * @param mark what stands for a secret
   * @param beginningMin length from which a beginning counts as a secret of which the rest never came
   */
  constructor(forms: readonly string[], mark: string, beginningMin: number) {
    this.#forms = forms;
    this.#mark = mark;
    this.#beginningMin = beginningMin;
  }

  push(bytes: Uint8Array): Uint8Array {
    if (this.#forms.length === 0) return bytes;
    const text = this.#held + binaryOf(bytes);
    return bytesOf(this.#pass(text, beginningAt(text, this.#forms)));
  }

  /** The rest, when nothing follows. */
  end(): Uint8Array {
    if (this.#held === '') return EMPTY;
    const text = this.#held;
    const isBeginning = text.length >= this.#beginningMin;
    const mark = this.#covered > 0 || this.#isMarked ? '' : this.#mark;
    const passed = isBeginning ? mark : text.slice(this.#covered);
    this.drop();
    return bytesOf(passed);
  }

  /** Forgets what is held: what would follow is cut off, so nobody can tell any more whether it was a secret. */
  drop(): void {
    this.#held = '';
    this.#covered = 0;
    this.#isMarked = false;
  }

  /** Passes on what stands before `until` and holds the rest. */
  #pass(text: string, until: number): string {
    const covered = this.#covered;
    const isOpen = covered > 0 || this.#isMarked;
    let passed = '';
    let at = 0;
    for (const [start, end] of joinSpans([[0, covered], ...findSpans(text, this.#forms)])) {
      if (start >= until || end === 0) continue;
      passed += text.slice(at, start) + (start === 0 && isOpen ? '' : this.#mark);
      at = end;
    }
    if (at < until) passed += text.slice(at, until);
    this.#held = text.slice(until);
    if (until > 0) this.#isMarked = at >= until;
    // Nothing was passed on when all is held: what the mark before it stands for stays covered.
    this.#covered = Math.max(0, Math.max(at, covered) - until);
    return passed;
  }
}

/** One character per byte. */
export function binaryOf(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += PART) binary += String.fromCharCode(...bytes.subarray(at, at + PART));
  return binary;
}

/** As many arguments as a call may safely have. */
const PART = 8 * 1024;

function bytesOf(binary: string): Uint8Array {
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}
