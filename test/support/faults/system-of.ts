// How the programs of the fault suites are set up. Short lease times: a late beat on a slow machine makes runs `lost`, which is declared, and
// never makes a history unsound.

/** After so long without a beat a program counts as dead, unless the machine is slow. */
export const LEASE_MS = 2_000;
/** A start that takes this long says that it is. */
export const SLOW_START_MS = 2 * LEASE_MS;

/** The default. */
const STORE_TIMEOUT_MS = 10_000;

export function systemOf(leaseMs: number): string {
  const beat = `heartbeat: ${String(Math.round(leaseMs / 10))}ms, deadAfter: ${String(leaseMs)}ms`;
  return `runs: {${beat}, grace: 5s, maxRunning: 6, sandboxWait: 2m}
store: {timeout: ${String(Math.max(STORE_TIMEOUT_MS, 4 * leaseMs))}ms}
images: {isOn: false}
brake: {isOn: false}
`;
}
