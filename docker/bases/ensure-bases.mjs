// Sees to it that base images stand, building only what is missing or was made from another recipe. The foundation comes first,
// then all others at once on top of it.
import { findProgram, canInstallPackages } from '../setup/debian-packages.mjs';
import { postToEngine, readFromEngine } from '../setup/engine-request.mjs';
import { bootstrapDebian } from './bootstrap.mjs';
import { buildImage, buildImageFromText, replaceImage } from './build-image.mjs';
import { BASES, filesOf, folderOf, imageOf, RECIPE_LABEL, recipeHash, REGISTRY_IMAGE, SUITE } from './recipes.mjs';

const PULL_TIMEOUT_MS = 20_000;

/**
 * Builds the named bases (none = all default ones) that do not stand yet; `isForced` builds them anew. `mayPull` prefers an
 * image registry for the foundation. `report` gets one line per event. Answers `{ wanted, built }`, lists of names.
 */
export async function ensureBases({ host, names = [], isForced = false, mayPull = false, report }) {
  const wanted = withFoundation(names.length === 0 ? defaultNames() : names);
  const { Arch: architecture } = await readFromEngine(host, '/version');
  const job = { host, architecture, mayPull, isForced, report };
  const forced = !isForced ? [] : names.length === 0 ? wanted : names;
  const missing = await filterMissing(job, wanted, forced);
  if (missing.includes('debian')) await build(job, 'debian', () => buildDebian(job));
  const others = missing.filter((name) => name !== 'debian');
  await settleAll(others.map((name) => build(job, name, () => buildFromDockerfile(job, name))));
  return { wanted, built: missing };
}

function defaultNames() {
  return Object.keys(BASES).filter((name) => BASES[name].isDefault);
}

function withFoundation(names) {
  for (const name of names) {
    if (!Object.hasOwn(BASES, name))
      throw new UnknownBaseError(`no base "${name}"; there are: ${Object.keys(BASES).join(', ')}`);
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
  const canBootstrap = findProgram('mmdebstrap') !== undefined || canInstallPackages();
  if ((mayPull || !canBootstrap) && (await pullDebian(host, report))) {
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
  try {
    await replaceImage(host, imageOf(name), work);
  } catch (error) {
    // A mirror may fail for a moment; what is really wrong fails again at once.
    report(`building ${imageOf(name)} failed, trying once more: ${error.message.split('\n')[0]}`);
    await replaceImage(host, imageOf(name), work);
  }
  report(`built ${imageOf(name)} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

async function settleAll(builds) {
  const failed = (await Promise.allSettled(builds)).filter(({ status }) => status === 'rejected');
  if (failed.length > 0) throw failed[0].reason;
}

/** A name that is no base; the message lists those there are. */
export class UnknownBaseError extends Error {}
