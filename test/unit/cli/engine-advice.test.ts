// Which engines doctor warns of.
import { expect, it } from 'vitest';
import { mayHang } from '../../../src/cli/engine-advice.ts';

it.each(['20.10.24+dfsg1', '20.10.0', '19.3.15', '20.10.26'])('warns of an engine that may hang: %s', (version) => {
  expect(mayHang(version)).toBe(true);
});

it.each(['20.10.27', '23.0.0', '28.5.2+dfsg4', '29.0.1', '', 'dev'])('has nothing against %j', (version) => {
  expect(mayHang(version)).toBe(false);
});
