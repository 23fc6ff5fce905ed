// Types of pid-lock.mjs for the tests; the script itself stays plain JavaScript like all of set-up.

/** Runs `work` while holding the lock file `path`; releases it whatever happens. */
export function withPidLock<T>(path: string, work: () => T | Promise<T>): Promise<T>;
