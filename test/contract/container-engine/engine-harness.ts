// What the contract needs of an engine under test.
import { randomBytes } from 'node:crypto';
import type {
  Attachment,
  ContainerEngine,
  ContainerExit,
  OutputChunk,
} from '../../../src/core/ports/container-engine.ts';
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

/** Reads to the end of the stream. */
export async function collect(output: AsyncIterable<OutputChunk>): Promise<CollectedOutput> {
  const pieces = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  for await (const { stream, bytes } of output) pieces[stream].push(Buffer.from(bytes));
  return { stdout: Buffer.concat(pieces.stdout), stderr: Buffer.concat(pieces.stderr) };
}

/** Reads exactly one chunk and leaves the stream readable. */
export async function firstChunk(output: AsyncIterable<OutputChunk>): Promise<OutputChunk> {
  const next = await output[Symbol.asyncIterator]().next();
  if (next.done === true) throw new Error('the output ended without a chunk');
  return next.value;
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
