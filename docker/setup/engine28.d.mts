// Types of engine28.mjs, for the test runner.

/** Starts the second engine, unpacking it first when needed; its end is in its disposal. `host` is an address like `unix://…`. */
export function startEngine28(): Promise<{ readonly host: string } & AsyncDisposable>;
export function stopEngine28(): Promise<void>;
/** Why a second engine cannot be had on this machine, or undefined. */
export function engine28Obstacle(): string | undefined;
/** Absolute path of Compose 2 (the program of the CLI's plugin), or undefined. */
export function findCompose(): string | undefined;
/** Copies images by name from one engine to the other, those that are not there yet. */
export function copyImages(fromHost: string, toHost: string, images: readonly string[]): Promise<void>;
/** Gets and unpacks the engine and Compose, if that was not done yet. */
export function unpackEngine28(): Promise<void>;
