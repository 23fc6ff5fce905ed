// Where set-up keeps things. The setup scripts are plain JavaScript without dependencies because they run before anything is
// installed, on whatever Node (18 or newer) the machine happens to have.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const MODULES = join(ROOT, 'node_modules');
export const BIN = join(MODULES, '.bin');
export const CACHE = join(ROOT, '.cache');
export const ENGINE_STATE = join(ROOT, '.gantry', 'engine');
