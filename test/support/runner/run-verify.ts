// `npm run verify`: format, lint, types, layers, dead code, unit, protocol and rule tests. No Docker.
import { verify } from './verify-steps.ts';

const counts = await verify();
process.stdout.write(
  `${String(counts.passed)} passed, ${String(counts.failed)} failed, ${String(counts.skipped)} skipped\n`,
);
process.exitCode = counts.failed === 0 ? 0 : 1;
