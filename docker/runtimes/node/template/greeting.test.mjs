import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { greet } from './greeting.mjs';

test('greets by name', () => {
  equal(greet('Ada'), 'Hello, Ada!');
});
