// Reads the host's pressure on a timer, never on the path of an invocation, and tells what became of the brake.
import type { HostPressure } from '../../core/ports/host-pressure.ts';
import type { PressureBrake } from './pressure-brake.ts';
import type { SandboxContext } from '../sandbox-context.ts';

/** Settles when the signal aborts. @param onReading called after each reading, the brake already moved; `wasStopped`: as it stood before */
export async function watchPressure(
  { clock, events, settings }: Pick<SandboxContext, 'clock' | 'events' | 'settings'>,
  pressure: HostPressure,
  brake: PressureBrake,
  signal: AbortSignal,
  onReading: (wasStopped: boolean) => void,
): Promise<void> {
  while (!signal.aborted) {
    const wasStopped = brake.state === 'stopped';
    const reading = await pressure.read();
    const { cpu, memory, io } = reading;
    const move = brake.take(reading);
    events.emit({ kind: 'pressureMeasured', cpu, memory, io, state: brake.state });
    if (move !== null) events.emit({ kind: 'pressureChanged', ...move });
    onReading(wasStopped);
    await clock.sleep(settings.pressureIntervalMs, signal).catch(() => undefined);
  }
}
