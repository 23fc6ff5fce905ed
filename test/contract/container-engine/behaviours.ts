// What the containers of the contract do: as a shell script for the real engine, as a program for the fake. Both must look alike from outside.
import type { ContainerSpec } from '../../../src/core/ports/container-engine.ts';
import type { FakeProgram } from '../../support/engine/fake-container.ts';

interface Behaviour {
  readonly script: string;
  readonly program: FakeProgram;
}

export const FLOOD_BYTES = 32 * 1024 * 1024;
export const TAIL_BYTES = 1024 * 1024;
const MiB = 1024 * 1024;

function zeroes(totalBytes: number, exitCode: number): FakeProgram {
  return async (process) => {
    const piece = new Uint8Array(32 * 1024);
    for (let at = 0; at < totalBytes; at += piece.length) await process.stdout(piece);
    return exitCode;
  };
}

const BEHAVIOURS = {
  /** gives back its stdin */
  echo: {
    script: 'exec cat',
    program: async (process) => {
      for await (const bytes of process.input) await process.stdout(bytes);
      return 0;
    },
  },
  /** answers only after the end of its stdin */
  count: {
    script: 'exec wc -c',
    program: async (process) => {
      let total = 0;
      for await (const bytes of process.input) total += bytes.length;
      await process.stdout(`${String(total)}\n`);
      return 0;
    },
  },
  exit3: { script: 'exit 3', program: () => 3 },
  bothStreams: {
    script: 'echo to-stdout; echo to-stderr >&2',
    program: async (process) => {
      await process.stdout('to-stdout\n');
      await process.stderr('to-stderr\n');
      return 0;
    },
  },
  flood: { script: `exec head -c ${String(FLOOD_BYTES)} /dev/zero`, program: zeroes(FLOOD_BYTES, 0) },
  tailThenExit7: { script: `head -c ${String(TAIL_BYTES)} /dev/zero; exit 7`, program: zeroes(TAIL_BYTES, 7) },
  /** says that it runs, then never reads and never ends */
  sleeper: {
    script: 'echo up; exec sleep 1000000',
    program: async (process) => {
      await process.stdout('up\n');
      return await new Promise<never>(() => undefined);
    },
  },
  /**
   * the memory is broken by a child, so that the container stands until the engine has heard of it; ends when its input does. Again and again:
   * the engine listens for it only a moment after the start.
   */
  memoryHog: {
    script: '(while :; do tail /dev/zero; echo killed; sleep 0.2; done) & exec cat',
    program: async (process) => {
      process.oomOfChild();
      await process.stdout('killed\n');
      for await (const bytes of process.input) await process.stdout(bytes);
      return 0;
    },
  },
} as const satisfies Record<string, Behaviour>;

export type BehaviourName = keyof typeof BEHAVIOURS;

/** A create request, limited in every way a test needs. */
export function specOf(name: BehaviourName, image: string, labels: Record<string, string> = {}): ContainerSpec {
  return specOfCommand(['/bin/sh', '-c', BEHAVIOURS[name].script], image, labels);
}

export function specOfCommand(
  command: readonly string[],
  image: string,
  labels: Record<string, string> = {},
): ContainerSpec {
  return {
    body: {
      Image: image,
      Entrypoint: [...command],
      Cmd: [],
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      // As sandboxes are made, and each start takes less than half the time.
      NetworkDisabled: true,
      Labels: labels,
      HostConfig: {
        NetworkMode: 'none',
        PidsLimit: 32,
        Memory: 64 * MiB,
        MemorySwap: 64 * MiB,
        LogConfig: { Type: 'none', Config: {} },
      },
    },
  };
}

/** The fake's program for a command; null when the command is none of the table. Put on pipes, it says so first. */
export function programOf(command: readonly string[]): FakeProgram | null {
  const behind = command.indexOf('sh') + 1;
  const program = Object.values(BEHAVIOURS).find(({ script }) => script === command[behind + 2])?.program ?? null;
  if (program === null || behind === 0) return program;
  return async (process) => {
    await process.stdout('\n');
    return await program(process);
  };
}
