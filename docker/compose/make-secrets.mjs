// One-shot `init` of docker-compose.yml: makes the passwords of the installation once, into a volume, so that no default password exists.
// What stands is kept. The store's and Grafana's lie in two volumes, each mounted read-only into exactly the containers that need it:
//   node make-secrets.mjs <folder for the store> <folder for Grafana>
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , storeFolder, grafanaFolder] = process.argv;

function secret(folder, name, make) {
  const path = join(folder, name);
  if (!existsSync(path)) {
    writeFileSync(`${path}.new`, make(), { mode: 0o444 });
    renameSync(`${path}.new`, path);
    process.stdout.write(`made ${name}\n`);
  }
  return readFileSync(path, 'utf8');
}

const random = () => randomBytes(24).toString('hex');
const password = secret(storeFolder, 'mongodb-password', random);
secret(storeFolder, 'mongodb-uri', () => `mongodb://gantry:${password}@mongodb:27017/?authSource=admin`);
secret(grafanaFolder, 'grafana-password', random);
