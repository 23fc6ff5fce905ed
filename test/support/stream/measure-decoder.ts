// Run by a test in a process of its own (node --expose-gc): what the codec holds after a line of a gigabyte and after a million frames.
import { MessageDecoder } from '../../../src/protocol/stream/message-decoder.ts';
import { bytesOf, notification, readySession } from './stream-driver.ts';

const MIB = 1024 * 1024;

function heldBytes(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function gigabyteLine(): object {
  const chunk = new Uint8Array(MIB).fill(120);
  const decoder = new MessageDecoder();
  const before = heldBytes();
  let most = 0;
  let violation = null;
  for (let count = 0; count < 1024; count += 1) {
    decoder.push(chunk);
    for (let next = decoder.next(); next !== null; next = decoder.next())
      if (next.kind === 'violation') violation = next.outcome.violation;
    if (count % 4 === 0) most = Math.max(most, heldBytes() - before);
  }
  return { violation, most, after: heldBytes() - before };
}

function millionFrames(): object {
  const frames = bytesOf(...Array.from({ length: 1_000 }, () => notification('later', {})));
  const decoder = new MessageDecoder();
  const before = heldBytes();
  let count = 0;
  for (let round = 0; round < 1_000; round += 1) {
    decoder.push(frames);
    for (let next = decoder.next(); next !== null; next = decoder.next()) count += 1;
  }
  return { count, after: heldBytes() - before };
}

function flood(): object {
  const frames = bytesOf(...Array.from({ length: 1_000 }, () => notification('later', {})));
  const session = readySession();
  const before = heldBytes();
  for (let round = 0; round < 1_000; round += 1) {
    session.receive(frames, 0);
    if (session.state !== 'broken') session.takeEvents();
  }
  return { state: session.state, last: session.takeEvents().at(-1), after: heldBytes() - before };
}

process.stdout.write(JSON.stringify({ line: gigabyteLine(), frames: millionFrames(), flood: flood() }));
