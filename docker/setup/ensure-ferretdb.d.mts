// Types of ensure-ferretdb.mjs for the tests; the script itself stays plain JavaScript like all of set-up.

/** Absolute path of the program if it is built, else undefined. */
export function findFerretdb(): string | undefined;
/** Builds it if need be and answers its path; rejects when it cannot be built here. */
export function ensureFerretdb(): Promise<string>;
