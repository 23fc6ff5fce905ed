// Where set-up keeps things. The setup scripts are plain JavaScript without dependencies because they run before anything is
// installed, on whatever Node (18 or newer) the machine happens to have.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const MODULES = join(ROOT, 'node_modules');
export const BIN = join(MODULES, '.bin');
export const CACHE = join(ROOT, '.cache');
// What Node made of the sources: with it a program starts in less than half of the processor's time. It checks itself what has changed.
export const COMPILE_CACHE = process.env.NODE_COMPILE_CACHE ?? join(CACHE, 'compile');
export const ENGINE_STATE = join(ROOT, '.gantry', 'engine');
