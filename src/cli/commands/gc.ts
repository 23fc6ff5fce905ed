// `gantry gc`: removes the images of old plugin versions now, or says which would go.
import type { JsonObject } from '../../core/json.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { Command } from '../command.ts';
import { listAt, textAt } from '../json-fields.ts';
import type { Output } from '../output.ts';

const SWEEP_WAIT_MS = 1_800_000;
const MB = 1_000_000;

export const gcCommand: Command = {
  name: 'gc',
  operands: '',
  summary: 'remove images of old plugin versions that nothing uses, and say which and why',
  operandCount: [0, 0],
  options: { 'dry-run': { type: 'boolean' } },
  optionHelp: { 'dry-run': 'only say what would be removed' },
  async run({ options, output, withApi }) {
    const method = options['dry-run'] === true ? 'GET' : 'POST';
    const report = await withApi('engine', (api) => api.send('/gc', { method, timeoutMs: SWEEP_WAIT_MS }));
    if (output.isJson) output.document(report);
    const removed = listAt(report, 'removed');
    const kept = listAt(report, 'kept');
    const verb = method === 'GET' ? 'would go' : 'removed';
    const rows = [...removed.map((image) => rowOf(image, verb)), ...kept.map((image) => rowOf(image, 'kept'))];
    if (rows.length === 0) output.line('There are no images of plugins.');
    else output.table([['IMAGE', 'SIZE', 'LAST USED', 'VERDICT', 'REASON'], ...rows]);
    printSum(removed.length, method === 'GET', Number(textAt(report, 'removedBytes')), output);
    const failed = kept.filter((image) => textAt(image, 'reason') === 'failed').length;
    if (failed > 0)
      throw new GantryError('ENGINE_FAILED', `${String(failed)} images could not be removed; the log says why`);
    return 0;
  },
};

function rowOf(image: JsonObject, verdict: string): readonly string[] {
  const name = textAt(image, 'version') || textAt(image, 'imageId');
  return [
    name,
    megabytes(Number(textAt(image, 'sizeBytes'))),
    textAt(image, 'lastUsedAt'),
    verdict,
    textAt(image, 'reason'),
  ];
}

function printSum(count: number, isDryRun: boolean, bytes: number, output: Output): void {
  const images = count === 1 ? '1 image' : `${String(count)} images`;
  const what = isDryRun ? `${images} would be removed` : `${images} removed`;
  output.line(count === 0 ? `${what}.` : `${what}: ${megabytes(bytes)} at most; layers shared with others stay.`);
}

function megabytes(bytes: number): string {
  return `${(bytes / MB).toFixed(1)} MB`;
}
