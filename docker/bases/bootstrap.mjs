// Makes the one image that all other bases stand on from the distribution's package mirror, without any image registry.
// No mirror is named: the bootstrap tool and the image's own package sources find it the way the machine does.
import { spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, installPackages } from '../setup/debian-packages.mjs';
import { postToEngine } from '../setup/engine-request.mjs';
import { SetupError } from '../setup/say.mjs';

const LEFT_OUT = [
  '/usr/share/man/*',
  '/usr/share/doc/*',
  '/usr/share/locale/*',
  '/usr/share/info/*',
  '/usr/share/lintian/*',
];

/** Bootstraps `suite` and imports it as `image` with `labels`. */
export async function bootstrapDebian({ host, image, suite, architecture, labels }) {
  if (findProgram('mmdebstrap') === undefined) installPackages(['mmdebstrap']);
  const folder = mkdtempSync(join(tmpdir(), 'gantry-base-'));
  try {
    const archive = join(folder, 'root.tar');
    await runBootstrap(suite, architecture, archive);
    const [repo, tag] = image.split(':');
    const query = new URLSearchParams({ fromSrc: '-', repo, tag });
    query.append('changes', 'CMD ["sh"]');
    query.append('changes', 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8');
    for (const [key, value] of Object.entries(labels)) query.append('changes', `LABEL ${key}=${value}`);
    await postToEngine(host, {
      path: `/images/create?${query}`,
      body: createReadStream(archive),
      type: 'application/x-tar',
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runBootstrap(suite, architecture, archive) {
  const options = ['--quiet', '--variant=minbase', `--architectures=${architecture}`];
  for (const pattern of LEFT_OUT) options.push(`--dpkgopt=path-exclude=${pattern}`);
  options.push('--dpkgopt=path-include=/usr/share/locale/locale.alias', '--aptopt=Acquire::Retries "3"');
  const child = spawn(findProgram('mmdebstrap'), [...options, suite, archive], { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (complaints = (complaints + text).slice(-4000)));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code === 0) return;
  throw new SetupError(
    `could not bootstrap ${suite}\n  ${complaints.trim().split('\n').slice(-8).join('\n  ')}`,
    'see that the machine reaches its package mirror, or use "--pull" where an image registry can be reached',
  );
}
