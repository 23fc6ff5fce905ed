// Lets only so many container starts run at once: starts do not parallelise beyond the cores, they only slow each other and the running
// plugins down. A start that somebody waits for goes first, also when that somebody came after the start was asked for.

interface Entrant {
  readonly isUrgent: () => boolean;
  readonly enter: () => void;
}

export class Gate {
  readonly #width: () => number;
  readonly #waiting: Entrant[] = [];
  #inside = 0;

  /** @param width how many may be inside now; call `admit` when it has grown */
  constructor(width: () => number) {
    this.#width = width;
  }

  async run<T>(isUrgent: () => boolean, work: () => Promise<T>): Promise<T> {
    await this.#enter(isUrgent);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(isUrgent: () => boolean): Promise<void> {
    if (this.#waiting.length === 0 && this.#inside < this.#width()) {
      this.#inside += 1;
      return;
    }
    const entered = Promise.withResolvers<undefined>();
    const enter = (): void => {
      entered.resolve(undefined);
    };
    this.#waiting.push({ isUrgent, enter });
    this.admit();
    await entered.promise;
  }

  /** Lets in as many as there is width for, the urgent first. */
  admit(): void {
    while (this.#waiting.length > 0 && this.#inside < this.#width()) {
      const urgent = this.#waiting.findIndex((entrant) => entrant.isUrgent());
      const [next] = this.#waiting.splice(Math.max(0, urgent), 1);
      this.#inside += 1;
      next?.enter();
    }
  }

  #leave(): void {
    this.#inside -= 1;
    this.admit();
  }
}
