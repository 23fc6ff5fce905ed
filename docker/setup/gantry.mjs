#!/usr/bin/env node
// The `gantry` command: src/main.ts on Node.js 24. When this already is one (as under npx, once the packages are installed) the
// program is loaded right here, with no second process between it and its signals.
import module from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { areNodeModulesReady, ensureNodeModules } from './ensure-node-modules.mjs';
import { COMPILE_CACHE, ROOT } from './places.mjs';
import { runCommand } from './run-command.mjs';
import { sayFailure } from './say.mjs';

const MAIN = join(ROOT, 'src', 'main.ts');

async function hasPackages() {
  try {
    if (!areNodeModulesReady()) await ensureNodeModules();
    return true;
  } catch (error) {
    sayFailure(error);
    return false;
  }
}

if (!(await hasPackages())) {
  process.exitCode = 1;
} else if (Number.parseInt(process.versions.node, 10) >= 24) {
  process.argv[1] = MAIN;
  module.enableCompileCache(COMPILE_CACHE);
  await import(pathToFileURL(MAIN).href);
} else {
  process.exit(await runCommand(['node', MAIN, ...process.argv.slice(2)]));
}
