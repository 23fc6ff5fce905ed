// The conformance kit: makes every check of a plugin's folder in turn, in real sandboxes through the program's own core. Two checks come last,
// when all sandboxes are gone: how they ended, and what they ever wrote.
import type { PluginKit } from '../../compose.ts';
import type { Plugin } from '../../core/plugin.ts';
import { CHECKS, type CheckId, type Finding } from '../../plugins/conformance/checks.ts';
import { NO_FIXTURE, type Fixture } from '../../plugins/conformance/fixture.ts';
import type { Sandboxes } from '../../sandbox/create-sandboxes.ts';
import { openKitSandboxes } from '../kit-parts.ts';
import { buildPlugin, type BuiltPlugin } from './build-plugin.ts';
import { answerFixtures, foundInAnswers, isFor, notForProtocol, notJudged, type Answers } from './check-answers.ts';
import { checkCancel, checkEndOfInput, checkShutdown, checkStdout } from './check-endings.ts';
import { checkConcurrency, checkReuse } from './check-reuse.ts';
import { checkConfigUi, checkMetadata, Interview, unasked } from './check-self-description.ts';
import { checkAnyUser, checkBadInput, checkBigInput, checkNewerProtocol, checkUnicode } from './check-variants.ts';
import { FindingLog, type Found, type Watcher } from './finding-log.ts';
import type { Lab } from './lab.ts';
import { SandboxMoves } from './sandbox-moves.ts';
import { Trials } from './trials.ts';
import { watchEngine, type WatchedEngine } from './watch-engine.ts';

export interface TestRequest extends Watcher {
  /** absolute path of the plugin's folder */
  readonly folder: string;
  /** the folder as the reader would type it */
  readonly shown: string;
  /** ids of the checks that were asked for; empty: all */
  readonly only: readonly string[];
  /** of a cancelled invocation and of an ending sandbox; the configured one unless given, but at least GRACE_MIN_MS */
  readonly graceMs?: number;
  /** what a plugin has for its start; that of a server unless given */
  readonly startTimeoutMs?: number;
  readonly stop: AbortSignal;
}

/** Least grace: the kit shares its machine with builds, and is about whether a plugin ends, not about how fast. */
const GRACE_MIN_MS = 5_000;

/** @throws GantryError for what is not the plugin's fault: DOCKER_UNAVAILABLE, ENGINE_*, BASE_IMAGE_MISSING, CANCELLED */
export async function testPlugin(kit: PluginKit, request: TestRequest): Promise<readonly Finding[]> {
  const log = new FindingLog(kit.ground.clock, request.only, request);
  const built = await buildPlugin(kit, request.folder, request.shown, log, request.stop);
  if (built !== null) await testBuilt(kit, request, built, log);
  return [...log.findings].sort((left, right) => rank(left.check) - rank(right.check));
}

function rank(id: CheckId): number {
  return CHECKS.findIndex((check) => check.id === id);
}

async function testBuilt(kit: PluginKit, request: TestRequest, built: BuiltPlugin, log: FindingLog): Promise<void> {
  const { ground } = kit;
  const graceMs = request.graceMs ?? Math.max(GRACE_MIN_MS, ground.config.sandbox.grace);
  const watched = watchEngine(kit.sandboxes.engine);
  const moves = new SandboxMoves(ground.clock);
  using _listening = ground.events.subscribe(moves.record);
  const { stop, startTimeoutMs } = request;
  const start = startTimeoutMs === undefined ? {} : { startTimeoutMs };
  const interview = new Interview(built.version, ground.clock);
  const { hear: onSaid } = interview;
  const sandboxes = await openKitSandboxes(kit, { engine: watched.engine, graceMs, stop, onSaid, ...start });
  const trials = new Trials(unasked(built.version), ground, sandboxes, watched, stop);
  let answers: Answers;
  try {
    answers = await checkAll(log, trials, built, { moves, watched, graceMs, kit, interview, sandboxes });
  } finally {
    await sandboxes[Symbol.asyncDispose]();
  }
  const { plugin } = built.version;
  const last = (check: CheckId, look: () => Found): void => {
    if (answers.charge?.check !== check) log.put(check, whyNotMade(check, plugin, answers) ?? look(), 0);
  };
  last('stdout', () => checkStdout(trials));
  if (plugin.protocol === 'stream') last('polite-end', () => checkShutdown(trials, graceMs));
}

interface Tools {
  readonly kit: PluginKit;
  readonly watched: WatchedEngine;
  readonly moves: SandboxMoves;
  readonly graceMs: number;
  readonly interview: Interview;
  readonly sandboxes: Sandboxes;
}

async function checkAll(log: FindingLog, trials: Trials, built: BuiltPlugin, tools: Tools): Promise<Answers> {
  const { clock } = tools.kit.ground;
  const { plugin } = built.version;
  const usual = built.fixtures.filter(({ cancel }) => !cancel);
  const startedAtMs = clock.monotonicMs();
  log.start('good-input');
  const answers = await answerFixtures(trials, usual.length > 0 ? usual : [NO_FIXTURE], usual.length > 0);
  const answeredMs = clock.monotonicMs() - startedAtMs;
  const found = [...foundInAnswers(plugin, answers, usual.length)];
  for (const [check, what] of found.sort(([left], [right]) => rank(left) - rank(right)))
    log.put(check, what, check === 'good-input' ? answeredMs : 0);
  const lab = labOf(trials, built.fixtures, answers, tools);
  for (const [check, look] of looksOf(lab, tools)) {
    if (answers.charge?.check === check || !log.wants(check)) continue;
    await log.add(check, async () => ({ ...(whyNotMade(check, plugin, answers) ?? (await look())), value: null }));
  }
  return answers;
}

function labOf(trials: Trials, fixtures: readonly Fixture[], { charge }: Answers, tools: Tools): Lab {
  const usual = fixtures.find(({ cancel }) => !cancel);
  return {
    ...{ trials, clock: tools.kit.ground.clock, moves: tools.moves, graceMs: tools.graceMs },
    fixture: usual ?? NO_FIXTURE,
    slowFixture: fixtures.find(({ cancel }) => cancel) ?? null,
    isAsExpected: usual !== undefined && charge === null,
  };
}

function whyNotMade(check: CheckId, { protocol }: Plugin, { charge, isUsable }: Answers): Found | null {
  if (!isFor(check, protocol)) return notForProtocol(protocol);
  return charge === null || isUsable ? null : notJudged(charge);
}

type Look = readonly [CheckId, () => Promise<Found>];

function looksOf(lab: Lab, { kit, watched, interview, sandboxes }: Tools): readonly Look[] {
  const newMarker = (): string => kit.ground.ids.randomHex(16);
  const end: Look = ['polite-end', () => checkEndOfInput(lab)];
  return [
    ['any-user', () => checkAnyUser(lab)],
    ['bad-input', () => checkBadInput(lab)],
    ['newer-protocol', () => checkNewerProtocol(lab, watched)],
    ['big-input', () => checkBigInput(lab)],
    ['unicode', () => checkUnicode(lab)],
    ['reuse', () => checkReuse(lab, newMarker)],
    ['concurrency', () => checkConcurrency(lab, newMarker)],
    ['cancel', () => checkCancel(lab)],
    ['metadata', () => checkMetadata(lab, interview, sandboxes)],
    ['config-ui', () => checkConfigUi(lab, interview, sandboxes)],
    ...(lab.trials.version.plugin.protocol === 'stream' ? [] : [end]),
  ];
}
