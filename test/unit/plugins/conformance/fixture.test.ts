// Fixtures are what an author writes by hand: every slip is told with its place and what was probably meant.
import { describe, expect, it } from 'vitest';
import { readFixture } from '../../../../src/plugins/conformance/fixture.ts';

function read(value: unknown): ReturnType<typeof readFixture> {
  return readFixture(
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    'one',
    'p/fixtures/one.json',
  );
}

function messages(value: unknown): readonly string[] {
  const fixture = read(value);
  return 'problems' in fixture ? fixture.problems.map(({ file, message }) => `${file}: ${message}`) : [];
}

describe('a fixture', () => {
  it('may leave everything out, and then expects a success with empty data', () => {
    expect(read({})).toEqual({
      ...{ name: 'one', description: '', data: {}, params: {}, results: {}, secrets: {}, cancel: false },
      expect: { status: 'success' },
    });
  });

  it('takes any JSON as data, null as well', () => {
    for (const data of [null, 3, 'text', [1, { a: null }]]) expect(read({ data })).toMatchObject({ data });
  });

  it.each([
    [{ dta: 1 }, '`dta` does not exist; did you mean `data`?'],
    [{ expect: { state: 'x' } }, '`expect.state` does not exist; did you mean `status`?'],
    [{ expect: { status: 'ok' } }, '`expect.status` must be success, skipped or error'],
    [{ params: [] }, '`params` must be an object'],
    [{ secrets: { TOKEN: 'short' } }, '`secrets.TOKEN` must have at least 8 characters'],
    [{ cancel: 'yes' }, '`cancel` must be true or false'],
    [[], 'a fixture is an object'],
  ])('refuses %j', (value, message) => {
    expect(messages(value)).toEqual([`p/fixtures/one.json: ${message}`]);
  });

  it('refuses what is no acceptable JSON, and tells all problems at once', () => {
    expect(messages('{"data": 1')[0]).toMatch(/^p\/fixtures\/one\.json: /);
    expect(messages('{"__proto__": {}}')[0]).toContain('__proto__');
    expect(messages({ hok: 1, params: 1 })).toHaveLength(2);
  });
});
