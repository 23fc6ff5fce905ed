// Makes base images for plugins without an image registry. Called as a child process by `gantry bases build`:
//   node docker/bases/build-bases.mjs [--force] [--pull] [--list] [name …]
// Names: see recipes.mjs; none = the default ones. Progress goes to stdout, one line per event; exit code 0 = all of them stand,
// 1 = failed (reason and remedy on stderr), 2 = wrong usage. Bases that stand with the right recipe are left as they are.
import { parseArgs } from 'node:util';
import { postToEngine, readFromEngine } from '../setup/engine-request.mjs';
import { ensureEngine } from '../setup/ensure-engine.mjs';
import { sayFailure } from '../setup/say.mjs';
import { bootstrapDebian } from './bootstrap.mjs';
import { buildImage, buildImageFromText, replaceImage } from './build-image.mjs';
import { BASES, filesOf, folderOf, imageOf, RECIPE_LABEL, recipeHash, REGISTRY_IMAGE, SUITE } from './recipes.mjs';

const PULL_TIMEOUT_MS = 20_000;

/** Builds the named bases (default: all default ones) that do not stand yet. `report` gets one line per event. */
export async function buildBases({ host, names = [], isForced = false, mayPull = false, report }) {
  const wanted = withFoundation(names.length === 0 ? defaultNames() : names);
  const { Arch: architecture } = await readFromEngine(host, '/version');
  const job = { host, architecture, mayPull, isForced, report };
  const forced = !isForced ? [] : names.length === 0 ? wanted : names;
  const missing = await filterMissing(job, wanted, forced);
  if (missing.length === 0) return report(`all base images stand: ${wanted.join(', ')}`);
  if (missing.includes('debian')) await build(job, 'debian', () => buildDebian(job));
  const others = missing.filter((name) => name !== 'debian');
  await settleAll(others.map((name) => build(job, name, () => buildFromDockerfile(job, name))));
}

function defaultNames() {
  return Object.keys(BASES).filter((name) => BASES[name].isDefault);
}

function withFoundation(names) {
  for (const name of names) {
    if (!Object.hasOwn(BASES, name))
      throw new UsageError(`no base "${name}"; there are: ${Object.keys(BASES).join(', ')}`);
  }
  return [...new Set(['debian', ...names])];
}

async function filterMissing({ host, architecture }, names, forced) {
  const standing = await Promise.all(names.map((name) => isStanding(host, name, architecture)));
  return names.filter((name, index) => forced.includes(name) || !standing[index]);
}

async function isStanding(host, name, architecture) {
  const image = await readFromEngine(host, `/images/${imageOf(name)}/json`);
  return image?.Config?.Labels?.[RECIPE_LABEL] === recipeHash(name, architecture);
}

function labelsOf(name, architecture) {
  return { 'io.gantry.base': name, [RECIPE_LABEL]: recipeHash(name, architecture) };
}

async function buildDebian({ host, architecture, mayPull, report }) {
  const image = imageOf('debian');
  const labels = labelsOf('debian', architecture);
  if (mayPull && (await pullDebian(host, report))) {
    const { name, tag } = REGISTRY_IMAGE;
    await buildImageFromText(`FROM ${name}:${tag}\n`, { host, image, labels });
    return;
  }
  await bootstrapDebian({ host, image, suite: SUITE, architecture, labels });
}

async function pullDebian(host, report) {
  const { name, tag } = REGISTRY_IMAGE;
  try {
    await postToEngine(host, { path: `/images/create?fromImage=${name}&tag=${tag}`, idleTimeoutMs: PULL_TIMEOUT_MS });
    return true;
  } catch (error) {
    report(`no image registry answers (${error.message}); using the package mirror`);
    return false;
  }
}

async function buildFromDockerfile({ host, architecture, isForced }, name) {
  const files = [{ folder: folderOf(name), name: '.' }, ...filesOf(name, architecture)];
  await buildImage({ host, image: imageOf(name), labels: labelsOf(name, architecture), files, isFresh: isForced });
}

async function build({ host, report }, name, work) {
  report(`building ${imageOf(name)} …`);
  const start = performance.now();
  await replaceImage(host, imageOf(name), work);
  report(`built ${imageOf(name)} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

async function settleAll(builds) {
  const failed = (await Promise.allSettled(builds)).filter(({ status }) => status === 'rejected');
  if (failed.length > 0) throw failed[0].reason;
}

class UsageError extends Error {}

async function main() {
  const options = { force: { type: 'boolean' }, pull: { type: 'boolean' }, list: { type: 'boolean' } };
  let parsed;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error.message);
  }
  const { values, positionals } = parsed;
  const report = (line) => process.stdout.write(`${line}\n`);
  if (values.list) return Object.keys(BASES).forEach((name) => report(`${name}\t${imageOf(name)}`));
  const { host } = await ensureEngine();
  await buildBases({
    host,
    names: positionals,
    isForced: values.force === true,
    mayPull: values.pull === true,
    report,
  });
}

if (import.meta.main ?? process.argv[1]?.endsWith('build-bases.mjs')) {
  try {
    await main();
  } catch (error) {
    if (error instanceof UsageError) process.stderr.write(`${error.message}\n`);
    else sayFailure(error);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
