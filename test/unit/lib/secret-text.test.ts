// A secret must not leave by any of the ways in which values get printed.
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SecretText } from '../../../src/lib/secret-text.ts';

const secret = new SecretText('correct horse battery');

describe('SecretText', () => {
  it('gives its text to reveal() only', () => {
    expect(secret.reveal()).toBe('correct horse battery');
  });

  it.each<[string, () => string]>([
    ['a template', () => `the secret is ${String(secret)}`],
    ['concatenation', () => ['', secret].join('')],
    ['JSON', () => JSON.stringify({ secret })],
    ['inspect', () => inspect({ secret }, { showHidden: true, depth: null })],
    ['an error message', () => new Error(String(secret)).stack ?? ''],
    ['its keys and entries', () => JSON.stringify([Object.entries(secret), Reflect.ownKeys(secret).map(String)])],
    ['a copy of its members', () => inspect(Object.assign({}, secret))],
  ])('does not leave by %s', (_way, print) => {
    expect(print()).not.toContain('correct');
  });
});
