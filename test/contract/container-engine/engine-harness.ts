// What the contract needs of an engine under test.
import { randomBytes } from 'node:crypto';
import type { Attachment, ContainerEngine, ContainerExit } from '../../../src/core/ports/container-engine.ts';
import { soon } from '../../support/engine/test-engine.ts';
import { specOf, type BehaviourName } from './behaviours.ts';

export interface EngineHarness extends AsyncDisposable {
  readonly engine: ContainerEngine;
  /** an image with a shell */
  readonly image: string;
  /** cuts the connection to the engine and keeps it cut; resolves when the engine's end of it has noticed */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

export type OpenHarness = () => Promise<EngineHarness>;

export function freshName(): string {
  return `gantry-contract-${randomBytes(8).toString('hex')}`;
}

export interface Started {
  readonly id: string;
  readonly attachment: Attachment;
  readonly exit: Promise<ContainerExit>;
}

/** create → attach → waitExit → start, as the port prescribes. */
export async function startContainer(
  { engine, image }: EngineHarness,
  behaviour: BehaviourName,
  labels: Record<string, string> = {},
): Promise<Started> {
  const id = await engine.createContainer(freshName(), specOf(behaviour, image, labels), soon());
  const attachment = await engine.attach(id, soon());
  const { exit } = await engine.waitExit(id, soon());
  await engine.startContainer(id, soon());
  return { id, attachment, exit };
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
