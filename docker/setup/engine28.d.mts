// Types of engine28.mjs for the tests; the script itself stays plain JavaScript like all of set-up.
export interface SecondEngine extends AsyncDisposable {
  /** as in DOCKER_HOST: unix://… */
  readonly host: string;
}

/** Why engine 28 cannot run here, or undefined when it can. */
export function engine28Obstacle(): string | undefined;
export function unpackEngine28(): Promise<void>;
export function startEngine28(): Promise<SecondEngine>;
export function stopEngine28(): Promise<void>;
export function copyImages(fromHost: string, toHost: string, images: readonly string[]): Promise<void>;
