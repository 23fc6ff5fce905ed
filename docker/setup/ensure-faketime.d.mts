// Types of ensure-faketime.mjs for the tests; the script itself stays plain JavaScript like all of set-up.

/** Absolute path of the library; undefined when the package holds none for this machine. Rejects when it cannot be had. */
export function ensureFaketime(): Promise<string | undefined>;
