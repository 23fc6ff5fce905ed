// Keeps builds and removals of one plugin's images apart: a build may find an image that is about to go, and register a version whose image
// went meanwhile. Builds wait for a removal under way; a removal never waits, it leaves the plugin alone.

export class PluginClaims {
  readonly #builds = new Map<string, number>();
  readonly #removals = new Map<string, Promise<undefined>>();

  /** Plugins that are built now. */
  building(): ReadonlySet<string> {
    return new Set(this.#builds.keys());
  }

  /** For the length of a build and of the registration of what it made. Settles when no removal is under way. */
  async forBuild(plugin: string): Promise<Disposable> {
    this.#builds.set(plugin, (this.#builds.get(plugin) ?? 0) + 1);
    await this.#removals.get(plugin);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#builds.get(plugin) ?? 1) - 1;
        if (left > 0) this.#builds.set(plugin, left);
        else this.#builds.delete(plugin);
      },
    };
  }

  /** For the length of one removal; null while the plugin is built. Removals are made one at a time. */
  forRemoval(plugin: string): Disposable | null {
    if (this.#builds.has(plugin)) return null;
    const over = Promise.withResolvers<undefined>();
    this.#removals.set(plugin, over.promise);
    return {
      [Symbol.dispose]: () => {
        this.#removals.delete(plugin);
        over.resolve(undefined);
      },
    };
  }
}
