// One-shot `init` of docker-compose.yml: makes the passwords of the installation once, into a volume, so that no default password exists.
// What stands is kept. Files are readable inside the volume only, which is mounted read-only into exactly the containers that need it.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? '/secrets';

function secret(name, make) {
  const path = join(folder, name);
  if (!existsSync(path)) {
    writeFileSync(`${path}.new`, make(), { mode: 0o444 });
    renameSync(`${path}.new`, path);
    process.stdout.write(`made ${name}\n`);
  }
  return readFileSync(path, 'utf8');
}

const random = () => randomBytes(24).toString('hex');
const password = secret('mongodb-password', random);
secret('mongodb-uri', () => `mongodb://gantry:${password}@mongodb:27017/?authSource=admin`);
secret('grafana-password', random);
