export function isProcessAlive(pid: number): boolean;
export function isProcessNamed(pid: number, name: string): boolean;
export function readCommandLine(pid: number): string;
export function readPidFile(path: string): number | undefined;
