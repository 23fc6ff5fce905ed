// Makes base images for plugins without an image registry. Called as a child process by `gantry bases build`:
//   node docker/bases/build-bases.mjs [--force] [--pull] [--list] [name …]
// Names: see recipes.mjs; none = the default ones. Progress goes to stdout, one line per event; exit code 0 = all of them stand,
// 1 = failed (reason and remedy on stderr), 2 = wrong usage. Bases that stand with the right recipe are left as they are.
import { parseArgs } from 'node:util';
import { ensureEngine } from '../setup/ensure-engine.mjs';
import { sayFailure } from '../setup/say.mjs';
import { ensureBases, UnknownBaseError } from './ensure-bases.mjs';
import { BASES, imageOf } from './recipes.mjs';

const OPTIONS = { force: { type: 'boolean' }, pull: { type: 'boolean' }, list: { type: 'boolean' } };

function print(line) {
  process.stdout.write(`${line}\n`);
}

async function main() {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (values.list === true) {
    for (const [name, { isDefault }] of Object.entries(BASES))
      print(`${name}\t${imageOf(name)}\t${isDefault ? 'default' : ''}`);
    return;
  }
  const { host } = await ensureEngine();
  const options = { isForced: values.force === true, mayPull: values.pull === true };
  const { wanted, built } = await ensureBases({ host, names: positionals, ...options, report: print });
  if (built.length === 0) print(`all base images stand: ${wanted.join(', ')}`);
}

try {
  await main();
} catch (error) {
  const isUsage = error instanceof UnknownBaseError || String(error.code).startsWith('ERR_PARSE_ARGS');
  if (isUsage) process.stderr.write(`${error.message}\n`);
  else sayFailure(error);
  process.exitCode = isUsage ? 2 : 1;
}
