// Types of daemon.mjs for the tests; the script itself stays plain JavaScript like all of set-up.
export interface DaemonSite {
  /** as in DOCKER_HOST: unix://… */
  readonly host: string;
  readonly pidFile: string;
  readonly containerdPidFile: string;
  readonly log: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** folders to look for programs in, before PATH */
  readonly path: readonly string[];
}

/** Starts the daemon, or waits for one that is starting; resolves with its pid once it answers. */
export function startDaemon(site: DaemonSite): Promise<number>;
export function stopDaemon(site: Pick<DaemonSite, 'pidFile' | 'containerdPidFile'>): Promise<void>;
