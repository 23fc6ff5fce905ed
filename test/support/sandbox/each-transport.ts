// The transports on which a test can be held with the engine under test: named pipes only where they work.
import { TRANSPORTS, type Transport } from '../../../src/core/sandbox.ts';
import type { TransportSetting } from '../../../src/sandbox/container/transports.ts';
import { canPipe } from '../engine/can-pipe.ts';

export interface TransportUnderTest {
  readonly transport: Transport;
  readonly setting: { readonly transport: TransportSetting };
}

export async function eachTransport(): Promise<readonly TransportUnderTest[]> {
  const works = await canPipe();
  return TRANSPORTS.filter((transport) => transport !== 'fifo' || works).map((transport) => ({
    transport,
    setting: { transport: transport === 'fifo' ? 'auto' : 'attach' },
  }));
}
