// Which images go: rule by rule, then for any images whatever: nothing that is needed, and never a plugin's newest.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OwnImage } from '../../../../src/core/image-retention.ts';
import { planRemoval, type RemovalInput } from '../../../../src/plugins/retention/plan-removal.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 1_000 * DAY;

function image(id: string, ageMs: number, changes: Partial<OwnImage> = {}): OwnImage {
  const createdAtMs = NOW - ageMs;
  const names = { plugin: 'sample', version: `sample@1.0.0+${id}` };
  const sizes = { sizeBytes: 10, ownBytes: null };
  return { id, tags: [`sample:${id}`], ...names, ...sizes, createdAtMs, lastUsedAtMs: createdAtMs, ...changes };
}

function input(images: readonly OwnImage[], changes: Partial<RemovalInput> = {}): RemovalInput {
  return {
    images,
    plugins: new Set(['sample']),
    servingImages: new Set(),
    building: new Set(),
    sandboxVersions: new Set(),
    askedVersions: new Set(),
    oldestRunAtMs: null,
    isDiskShort: false,
    nowMs: NOW,
    rules: { keepVersions: 2, keepForMs: 7 * DAY, freshMs: HOUR },
    ...changes,
  };
}

/** `a old`, `b newest`: what is removed, then what is kept. */
function verdicts(given: RemovalInput): { readonly removed: readonly string[]; readonly kept: readonly string[] } {
  const { remove, keep } = planRemoval(given);
  const told = ({ id, reason }: { readonly id: string; readonly reason: string }): string => `${id} ${reason}`;
  return { removed: remove.map(told), kept: keep.map(told) };
}

describe('the plan of a removal', () => {
  it('keeps the newest versions and those used lately, whatever is more, and lets the others go', () => {
    const images = [image('a', 20 * DAY), image('b', 30 * DAY), image('c', 40 * DAY), image('d', 50 * DAY)];
    expect(verdicts(input(images))).toEqual({ removed: ['c old', 'd old'], kept: ['a newest', 'b newest'] });
    const used = images.map((one) => (one.id === 'd' ? { ...one, lastUsedAtMs: NOW - 2 * DAY } : one));
    expect(verdicts(input(used))).toEqual({ removed: ['c old'], kept: ['a newest', 'b newest', 'd recent'] });
  });

  it('keeps images of a plugin whose folder is gone for the same time, and not its newest for ever', () => {
    const images = [image('a', 2 * DAY), image('b', 8 * DAY)];
    expect(verdicts(input(images, { plugins: new Set() }))).toEqual({ removed: ['b orphaned'], kept: ['a recent'] });
  });

  it('keeps what serves, what is built, what was just made and what has sandboxes, however old', () => {
    const rest = [image('x', DAY), image('y', 2 * DAY)];
    const old = image('a', 90 * DAY);
    const keptAs = (changes: Partial<RemovalInput>): readonly string[] =>
      verdicts(input([...rest, old], { rules: { keepVersions: 2, keepForMs: 0, freshMs: 0 }, ...changes })).kept;
    expect(keptAs({})).not.toContainEqual(expect.stringMatching(/^a /));
    expect(keptAs({ servingImages: new Set(['a']) })).toContain('a serving');
    expect(keptAs({ askedVersions: new Set(['sample@1.0.0+a']) })).toContain('a in_run');
    expect(keptAs({ building: new Set(['sample']) })).toContain('a building');
    expect(keptAs({ sandboxVersions: new Set(['sample@1.0.0+a']) })).toContain('a in_use');
    expect(keptAs({ rules: { keepVersions: 2, keepForMs: 0, freshMs: 91 * DAY } })).toContain('a fresh');
  });

  it('keeps what served when the oldest run under way began, or later', () => {
    const rules = { keepVersions: 1, keepForMs: 0, freshMs: 0 };
    const images = [image('a', DAY), image('b', 9 * DAY), image('c', 10 * DAY)];
    const given = input(images, { rules, oldestRunAtMs: NOW - 9 * DAY });
    expect(verdicts(given)).toEqual({ removed: ['c old'], kept: ['a in_run', 'b in_run'] });
  });

  it('lets what lost its name go at once, and leaves alone what has a name that is no plugin’s', () => {
    const nameless = image('a', 2 * HOUR, { tags: [] });
    const foreign = image('b', 90 * DAY, { plugin: null, version: null });
    expect(verdicts(input([nameless, foreign]))).toEqual({ removed: ['a untagged'], kept: ['b unknown'] });
    expect(verdicts(input([nameless], { servingImages: new Set(['a']) })).removed).toEqual([]);
  });

  it('does not count what lost its name among the newest', () => {
    const images = [image('a', 2 * HOUR, { tags: [] }), image('b', 20 * DAY), image('c', 30 * DAY)];
    expect(verdicts(input(images)).kept).toEqual(['b newest', 'c newest']);
  });

  it('lets all but the newest go when the disk is short, oldest use first and behind the rest', () => {
    const images = [image('a', 2 * DAY), image('b', 3 * DAY), image('c', 4 * DAY), image('d', 40 * DAY)];
    const used = images.map((one) => (one.id === 'b' ? { ...one, lastUsedAtMs: NOW - DAY } : one));
    const given = input(used, { isDiskShort: true, plugins: new Set(['sample']) });
    expect(verdicts(given)).toEqual({ removed: ['d old', 'c disk', 'b disk'], kept: ['a newest'] });
  });
});

const PLUGINS = ['sample', 'other', 'gone'];
const anyImage = fc.record({
  plugin: fc.option(fc.constantFrom(...PLUGINS)),
  isTagged: fc.boolean(),
  ageMs: fc.integer({ min: 0, max: 30 * DAY }),
  unusedMs: fc.integer({ min: 0, max: 30 * DAY }),
});
const anySituation = fc.record({
  images: fc.array(anyImage, { maxLength: 20 }),
  serving: fc.array(fc.nat(19), { maxLength: 4 }),
  sandboxes: fc.array(fc.nat(19), { maxLength: 4 }),
  building: fc.subarray(PLUGINS),
  oldestRunAgeMs: fc.option(fc.integer({ min: 0, max: 30 * DAY })),
  isDiskShort: fc.boolean(),
  keepVersions: fc.integer({ min: 1, max: 4 }),
  keepForMs: fc.integer({ min: 0, max: 20 * DAY }),
  freshMs: fc.integer({ min: 0, max: DAY }),
});

describe('the plan of any removal', () => {
  it('tells of every image once, and lets go neither what is needed nor the newest of a plugin that has a folder', () => {
    fc.assert(
      fc.property(anySituation, ({ images: drawn, ...situation }) => {
        const images = drawn.map(({ plugin, isTagged, ageMs, unusedMs }, index) =>
          image(`i${String(index)}`, ageMs, {
            plugin,
            version: plugin === null ? null : `${plugin}@1.0.0+i${String(index)}`,
            tags: isTagged ? ['any:tag'] : [],
            lastUsedAtMs: NOW - Math.min(ageMs, unusedMs),
          }),
        );
        const { keepVersions, keepForMs, freshMs, oldestRunAgeMs, isDiskShort } = situation;
        const given = input(images, {
          isDiskShort,
          plugins: new Set(['sample', 'other']),
          servingImages: new Set(situation.serving.map((index) => `i${String(index)}`)),
          sandboxVersions: new Set(situation.sandboxes.flatMap((index) => images[index]?.version ?? [])),
          building: new Set(situation.building),
          oldestRunAtMs: oldestRunAgeMs === null ? null : NOW - oldestRunAgeMs,
          rules: { keepVersions, keepForMs, freshMs },
        });
        const { remove, keep } = planRemoval(given);
        expect([...remove, ...keep].map(({ id }) => id).sort()).toEqual(images.map(({ id }) => id).sort());
        for (const gone of remove) expect(isNeeded(gone, given), `${gone.id} ${gone.reason}`).toBe(false);
        for (const plugin of given.plugins) expect(remove.map(({ id }) => id)).not.toContain(newestOf(plugin, images));
      }),
      { numRuns: 300 },
    );
  });
});

/** The promise, written apart from the plan. */
function isNeeded(one: OwnImage, given: RemovalInput): boolean {
  return (
    given.servingImages.has(one.id) ||
    (one.plugin !== null && given.building.has(one.plugin)) ||
    (given.oldestRunAtMs !== null && one.lastUsedAtMs >= given.oldestRunAtMs) ||
    (one.tags.length > 0 && one.version !== null && given.sandboxVersions.has(one.version)) ||
    NOW - one.createdAtMs < given.rules.freshMs
  );
}

function newestOf(plugin: string, images: readonly OwnImage[]): string | undefined {
  const own = images.filter((one) => one.plugin === plugin && one.tags.length > 0);
  return own.sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1))[0]?.id;
}
