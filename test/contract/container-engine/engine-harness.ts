// What the contract needs of an engine under test.
import { randomBytes } from 'node:crypto';
import type { Attachment, ContainerEngine, ContainerExit } from '../../../src/core/ports/container-engine.ts';
import { formatId, type SandboxId } from '../../../src/core/ids.ts';
import type { NamedPipes, PipePair } from '../../../src/core/ports/named-pipes.ts';
import { onPipes } from '../../../src/sandbox/container/container-spec.ts';
import { soon } from '../../support/engine/test-engine.ts';
import { specOf, type BehaviourName } from './behaviours.ts';

export interface EngineHarness extends AsyncDisposable {
  readonly engine: ContainerEngine;
  /** an image with a shell */
  readonly image: string;
  /** stdin and stdout go by these; absent: by the engine's stream */
  readonly pipes?: NamedPipes;
  /** cuts the connection to the engine and keeps it cut; resolves when the engine's end of it has noticed */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

export type OpenHarness = () => Promise<EngineHarness>;

export function freshName(): string {
  return `gantry-contract-${randomBytes(8).toString('hex')}`;
}

export function freshSandboxId(): SandboxId {
  return formatId('sbx', Date.now(), randomBytes(10));
}

export function pipesOf({ pipes }: EngineHarness): NamedPipes {
  if (pipes === undefined) throw new Error('a harness without pipes');
  return pipes;
}

/** Pipes whose pairs are let go of with the stack. */
export function ownPipes(pipes: NamedPipes, stack: AsyncDisposableStack): NamedPipes {
  return {
    make: async (...request) => stack.use(await pipes.make(...request)),
    sweep: () => pipes.sweep(),
  };
}

export interface Started {
  readonly id: string;
  readonly pair: PipePair | null;
  readonly attachment: Attachment;
  readonly exit: Promise<ContainerExit>;
}

/**
 * create → attach → waitExit → start, as the port prescribes.
 * @param beforeStart called with the attachment
 */
export async function startContainer(
  { engine, image, pipes }: EngineHarness,
  behaviour: BehaviourName,
  labels: Record<string, string> = {},
  beforeStart: (attachment: Attachment) => void = () => undefined,
): Promise<Started> {
  const pair = (await pipes?.make(freshSandboxId(), 0, soon())) ?? null;
  const spec = specOf(behaviour, image, labels);
  const asked = pair === null ? spec : onPipes(spec, pair.folder);
  const id = await engine.createContainer(freshName(), asked, soon());
  const stream = await engine.attach(id, soon());
  const attachment = pair?.join(stream) ?? stream;
  const { exit } = await engine.waitExit(id, soon());
  beforeStart(attachment);
  await engine.startContainer(id, soon());
  return { id, pair, attachment, exit };
}

export interface CollectedOutput {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Reads to the end of the stream. @param onPiece called at each piece */
export async function collect(attachment: Attachment, onPiece = (): void => undefined): Promise<CollectedOutput> {
  const pieces = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  await attachment.read((stream, bytes) => {
    pieces[stream].push(Buffer.from(bytes));
    onPiece();
  });
  return { stdout: Buffer.concat(pieces.stdout), stderr: Buffer.concat(pieces.stderr) };
}

export interface OpenReading {
  readonly settled: Promise<PromiseSettledResult<CollectedOutput>>;
}

/** Reads, and goes on reading, once the container has said something. */
export async function firstOutput(attachment: Attachment): Promise<OpenReading> {
  const first = Promise.withResolvers<undefined>();
  const reading = collect(attachment, () => {
    first.resolve(undefined);
  });
  const settled = Promise.allSettled([reading]).then(([end]) => end);
  const end = await Promise.race([first.promise, settled]);
  if (end !== undefined) throw new Error('the output ended without a piece');
  return { settled };
}

/** Writes, and waits until the bytes have left. */
export async function send(attachment: Attachment, bytes: Uint8Array, options = soon()): Promise<void> {
  if (!attachment.write(bytes)) await attachment.flushed(options);
}

/** The error the promise rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (thrown) {
    return thrown;
  }
  throw new Error('it did not reject');
}
