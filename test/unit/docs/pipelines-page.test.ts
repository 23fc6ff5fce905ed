// docs/pipelines.md: its example is one that Gantry takes, and it knows every key that the reader of pipelines knows.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { CelExpressions } from '../../../src/adapters/cel/cel-expressions.ts';
import { CronerTimes } from '../../../src/adapters/croner/croner-cron.ts';
import { checkPipelines } from '../../../src/config/check-pipeline.ts';
import { makePipeline } from '../../../src/config/make-pipeline.ts';
import {
  APPROVAL,
  CLOSING_HOOK,
  CONCURRENCY,
  FILE,
  HOOK,
  PIPELINE,
  RETRIES,
  SUB_RUN,
} from '../../../src/config/pipeline-schema.ts';
import type { YamlFile } from '../../../src/config/read-yaml.ts';

const page = readFileSync('docs/pipelines.md', 'utf8');
const [, example = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
const SHAPES = { PIPELINE, HOOK, CLOSING_HOOK, RETRIES, APPROVAL, SUB_RUN, CONCURRENCY };

describe('the page on pipelines', () => {
  test('shows pipelines that are taken, with every part of the language', () => {
    const value: unknown = parse(example);
    const { pipelines } = FILE.parse(value);
    const yaml: YamlFile = { file: 'docs/pipelines.md', value, place: () => ({ line: null, column: null }) };
    expect(checkPipelines(pipelines, yaml, { expressions: new CelExpressions(), cron: new CronerTimes() })).toEqual([]);
    const [orders] = pipelines.map(makePipeline);
    expect(orders?.hooks.map(({ after }) => after)).toEqual([
      [],
      ['fetch'],
      ['fetch'],
      ['prices', 'stock'],
      ['book'],
      ['approve'],
    ]);
    expect(orders?.finally).toMatchObject([{ name: 'cleanup', timeoutMs: 30_000 }]);
  });

  test.each(Object.entries(SHAPES))('names every key of %s', (_name, { shape }) => {
    for (const key of Object.keys(shape)) expect(page).toContain(`\`${key}\``);
  });
});
