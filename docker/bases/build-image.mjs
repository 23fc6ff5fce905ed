// One image build through the Engine API's classic builder, which every engine has without a plug-in. The image that had the
// tag before is removed when nothing uses it any more, so that rebuilding does not fill the disk.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { postToEngine, readFromEngine, requestEngine } from '../setup/engine-request.mjs';
import { SetupError } from '../setup/say.mjs';

const PROXY_NAMES = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

/**
 * Builds `image` from the given files: `files` is `[{ folder, name }]`, where the name "." means all of the folder. The build
 * uses the host's network: it reaches the package mirror exactly as the machine does.
 */
export async function buildImage({ host, image, labels, files, isFresh = false }) {
  const options = { t: image, networkmode: 'host', rm: '1', forcerm: '1', labels: JSON.stringify(labels) };
  const query = new URLSearchParams({
    ...options,
    ...(isFresh ? { nocache: '1' } : {}),
    buildargs: JSON.stringify(readProxies()),
  });
  let progress = '';
  const keep = (text) => (progress = (progress + text).slice(-3000));
  try {
    await postToEngine(host, { path: `/build?${query}`, body: pack(files), type: 'application/x-tar' }, keep);
  } catch (error) {
    const tail = stripVTControlCharacters(progress).trim().split('\n').slice(-10).join('\n  ');
    throw new SetupError(
      `could not build ${image}: ${error.message}\n  ${tail}`,
      'see that containers on the host network reach the package mirror, and try again',
    );
  }
}

/** As buildImage, from the text of a Dockerfile that needs no other file. */
export async function buildImageFromText(dockerfile, options) {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-base-'));
  try {
    writeFileSync(join(folder, 'Dockerfile'), dockerfile);
    await buildImage({ ...options, files: [{ folder, name: '.' }] });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs `work`, which gives `image` its new content, then removes what the tag meant before unless it is in use. */
export async function replaceImage(host, image, work) {
  const before = await readFromEngine(host, `/images/${image}/json`);
  await work();
  const after = await readFromEngine(host, `/images/${image}/json`);
  if (before === undefined || before.Id === after?.Id) return;
  const removal = await requestEngine(host, { method: 'DELETE', path: `/images/${before.Id}` });
  removal.resume();
}

function readProxies() {
  const set = PROXY_NAMES.filter((name) => (process.env[name] ?? '') !== '');
  return Object.fromEntries(set.map((name) => [name, process.env[name]]));
}

function pack(files) {
  const args = files.flatMap(({ folder, name }) => ['-C', folder, name]);
  const tar = spawn('tar', ['-c', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  tar.once('error', (error) => tar.stdout.destroy(error));
  return tar.stdout;
}
