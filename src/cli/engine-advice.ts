// Whether an engine is known to hang: until libnetwork's pull request 2679 (20.10.27; in 23.0 from the start) the end of one container and the
// end of another could each hold the lock that the other one wants, after which the engine answers nothing until it is restarted. Seen with
// 20.10.24 in the fault suite, when many containers ended at once.
const FIXED_MAJOR = 23;
const FIXED_OF_20_10 = 27;

/** @param version as the engine tells it: `20.10.24+dfsg1`. False also for what is no version */
export function mayHang(version: string): boolean {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || Number(major) >= FIXED_MAJOR) return false;
  return !(major === '20' && minor === '10' && Number(patch) >= FIXED_OF_20_10);
}
