// The id of an image that stands, from the command line: containers are made from ids, as the program does.
import { execFileSync } from 'node:child_process';

/** @throws Error when the engine has no such image */
export function imageIdOf(dockerHost: string, image: string): string {
  const args = ['-H', dockerHost, 'image', 'inspect', '--format', '{{.Id}}', image];
  return execFileSync('docker', args, { encoding: 'utf8' }).trim();
}
