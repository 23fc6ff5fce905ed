// The body that starts a run: which plugins it chooses, and what is refused before anything is started.
import { describe, expect, it } from 'vitest';
import { readTags } from '../../../src/web/api/start-run-route.ts';

describe('the tags of a run', () => {
  it('are names, at most twenty', () => {
    expect(readTags('tags', ['slow', 'night_2'])).toEqual(['slow', 'night_2']);
    expect(readTags('tags', [])).toEqual([]);
  });

  it.each([['slow'], [[1]], [['Slow']], [['']], [{}], [null], [Array<string>(21).fill('a')]])('refuse %j', (value) => {
    expect(() => readTags('skipTags', value)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  });
});
