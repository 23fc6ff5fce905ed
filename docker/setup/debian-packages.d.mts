// Types of debian-packages.mjs, for the tests.

/** Absolute path of a program on the PATH, or undefined. */
export function findProgram(name: string): string | undefined;
