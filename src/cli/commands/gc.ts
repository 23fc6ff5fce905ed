// `gantry gc`: removes the images of old plugin versions now, or old records with `--runs`, or says what would go.
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { Command } from '../command.ts';
import { listAt, objectAt, textAt } from '../json-fields.ts';
import type { Output } from '../output.ts';

const SWEEP_WAIT_MS = 1_800_000;
const MB = 1_000_000;

export const gcCommand: Command = {
  name: 'gc',
  operands: '',
  summary: 'remove images of old plugin versions that nothing uses, or old runs, and say which and why',
  operandCount: [0, 0],
  options: { 'dry-run': { type: 'boolean' }, runs: { type: 'boolean' } },
  optionHelp: {
    'dry-run': 'only say what would be removed',
    runs: 'old runs, log lines, artifacts and versions in the store instead of images: see retention in config/system.yaml',
  },
  async run({ options, output, withApi }) {
    const method = options['dry-run'] === true ? 'GET' : 'POST';
    if (options['runs'] === true) {
      const swept = await withApi('store', (api) => api.send('/gc/runs', { method, timeoutMs: SWEEP_WAIT_MS }));
      if (output.isJson) output.document(swept);
      else printRecords(swept, method === 'GET', output);
      return 0;
    }
    const report = await withApi('engine', (api) => api.send('/gc', { method, timeoutMs: SWEEP_WAIT_MS }));
    if (output.isJson) output.document(report);
    const removed = listAt(report, 'removed');
    const kept = listAt(report, 'kept');
    const verb = method === 'GET' ? 'would go' : 'removed';
    const rows = [...removed.map((image) => rowOf(image, verb)), ...kept.map((image) => rowOf(image, 'kept'))];
    if (rows.length === 0) output.line('There are no images of plugins.');
    else output.table([['IMAGE', 'OWN SIZE', 'WHOLE SIZE', 'LAST USED', 'VERDICT', 'REASON'], ...rows]);
    printSum(removed, method === 'GET', textAt(report, 'freedBytes'), output);
    const failed = kept.filter((image) => textAt(image, 'reason') === 'failed').length;
    if (failed > 0)
      throw new GantryError('ENGINE_FAILED', `${String(failed)} images could not be removed; the log says why`);
    return 0;
  },
};

function rowOf(image: JsonObject, verdict: string): readonly string[] {
  const name = textAt(image, 'version') || textAt(image, 'imageId');
  const sizes = [megabytes(textAt(image, 'ownBytes')), megabytes(textAt(image, 'sizeBytes'))];
  return [name, ...sizes, textAt(image, 'lastUsedAt'), verdict, textAt(image, 'reason')];
}

function printRecords(swept: JsonValue, isDryRun: boolean, output: Output): void {
  const pipelines = listAt(swept, 'pipelines');
  const columns = ['pipeline', 'byAge', 'byCount', 'logLines', 'artifacts'];
  const rows = pipelines.map((one) => [...columns.map((key) => textAt(one, key)), rulesText(one)]);
  if (rows.length > 0) output.table([['PIPELINE', 'TOO OLD', 'TOO MANY', 'LOG LINES', 'ARTIFACTS', 'KEPT'], ...rows]);
  const counts = [
    `${textAt(swept, 'runs')} runs`,
    `${textAt(swept, 'logLines')} log lines`,
    `${textAt(swept, 'artifacts')} artifacts`,
    `${textAt(swept, 'pipelineVersions')} versions of pipelines`,
    `${textAt(swept, 'pluginVersions')} versions of plugins`,
  ].join(', ');
  const isCut = textAt(swept, 'isCut') === 'true';
  output.line(`${isCut ? 'At least ' : ''}${counts} ${isDryRun ? 'would be removed' : 'removed'}.`);
}

/** What holds for the pipeline, and who says so. */
function rulesText(one: JsonObject): string {
  const rules = objectAt(one, 'rules');
  const time = (key: string): string => spanText(Number(textAt(rules, key)));
  const whose = textAt(one, 'hasOwnRules') === 'true' ? 'its own' : 'system';
  const runs = `${time('keepForMs')}, ${textAt(rules, 'keepRuns')} runs`;
  return `${runs}; logs ${time('keepLogsForMs')}, artifacts ${time('keepArtifactsForMs')} (${whose})`;
}

/** In the largest unit that it is a whole number of. */
function spanText(ms: number): string {
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1_000, 's'],
  ] as const;
  const [size, unit] = units.find(([one]) => ms % one === 0) ?? [1, 'ms'];
  return `${String(ms / size)}${unit}`;
}

function printSum(removed: readonly JsonObject[], isDryRun: boolean, freed: string, output: Output): void {
  const images = removed.length === 1 ? '1 image' : `${String(removed.length)} images`;
  const what = isDryRun ? `${images} would be removed` : `${images} removed`;
  const whole = removed.reduce((sum, image) => sum + Number(textAt(image, 'sizeBytes')), 0);
  const gain =
    freed === ''
      ? `${megabytes(String(whole))} of the disk at most, since layers that others share stay`
      : `${megabytes(freed)} of the disk at least`;
  output.line(removed.length === 0 ? `${what}.` : `${what}: ${gain}.`);
}

/** A dash for what the engine does not say. */
function megabytes(bytes: string): string {
  return bytes === '' ? '–' : `${(Number(bytes) / MB).toFixed(2)} MB`;
}
