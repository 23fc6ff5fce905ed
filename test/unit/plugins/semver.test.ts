// Order of versions.
import { expect, it } from 'vitest';
import { compareVersions } from '../../../src/plugins/semver.ts';

it('orders versions as semver does', () => {
  const ascending = [
    '0.0.1',
    '0.9.9',
    '0.10.0',
    '1.0.0-1',
    '1.0.0-2',
    '1.0.0-10',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.1',
    '2.0.0',
  ];
  for (const [left, one] of ascending.entries()) {
    for (const [right, other] of ascending.entries()) {
      expect(Math.sign(compareVersions(one, other)), `${one} ${other}`).toBe(Math.sign(left - right));
    }
  }
});
