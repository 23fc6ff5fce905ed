// `gantry plugin test`: the conformance kit on one plugin's folder; a table for people, JSON, JUnit XML, and an exit code for CI.
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { testPlugin } from '../../compose/conformance/test-plugin.ts';
import { loadConfig } from '../../config/load-config.ts';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import { suggest } from '../../lib/suggest.ts';
import { CHECKS, type Finding } from '../../plugins/conformance/checks.ts';
import { renderJunit } from '../../plugins/conformance/render-junit.ts';
import { listOption, textOption, type Command, type OptionValues } from '../command.ts';
import type { Output } from '../output.ts';

const MARKS = { passed: '✓', failed: '✗', not_applicable: '–' } as const;
const CHECK_WIDTH = 15;

export const pluginTestCommand: Command = {
  name: 'plugin test',
  operands: '<folder>',
  summary: "check a plugin's folder against the protocol in real sandboxes, and say what to mend",
  operandCount: [1, 1],
  options: { only: { type: 'string', multiple: true }, junit: { type: 'string' } },
  optionHelp: {
    'only CHECK': 'this check, and what it builds on; may be repeated',
    'junit FILE': 'also write the findings as JUnit XML',
  },
  async run({ positionals, options, output, root, environment, stop }) {
    const [shown = ''] = positionals;
    const only = checksOf(options);
    const loaded = await loadConfig(root, environment, new Map([['logs.level', 'warn']]));
    const { openPluginKit } = await import('../../compose.ts');
    await using kit = await openPluginKit({ root, environment, loaded });
    const findings = await testPlugin(kit, {
      ...{ folder: resolve(shown), shown: shown.replace(/\/+$/, ''), only, stop },
      onStart: (check) => {
        output.status(`  ${check} …`);
      },
      onFinding: (finding) => {
        output.status('');
        print(finding, output);
      },
    });
    output.status('');
    const junit = textOption(options, 'junit');
    if (junit !== null) await writeJunit(junit, renderJunit(shown, findings));
    const count = (state: Finding['state']): number => findings.filter((finding) => finding.state === state).length;
    const totals = { passed: count('passed'), failed: count('failed'), notApplicable: count('not_applicable') };
    if (output.isJson) output.document({ folder: shown, isConforming: totals.failed === 0, totals, findings });
    output.line();
    output.line(
      `${String(totals.passed)} passed, ${String(totals.failed)} failed, ${String(totals.notApplicable)} not applicable`,
    );
    return exitCodeOf(findings);
  },
};

/** @throws GantryError USAGE */
function checksOf(options: OptionValues): readonly string[] {
  const only = listOption(options, 'only');
  const known = CHECKS.map(({ id }) => id);
  for (const name of only) {
    if (known.some((id) => id === name)) continue;
    const near = suggest(name, known);
    const hint = near === null ? `the checks are ${known.join(', ')}` : `did you mean ${near}?`;
    throw new GantryError('USAGE', `--only ${name}: no such check; ${hint}`);
  }
  return only;
}

function print({ check, state, reason, mend, durationMs }: Finding, output: Output): void {
  const words = state === 'not_applicable' ? `not applicable: ${reason}` : reason;
  output.line(`${MARKS[state]} ${check.padEnd(CHECK_WIDTH)} ${words} (${String(durationMs)} ms)`);
  if (mend !== null) output.line(`${' '.repeat(CHECK_WIDTH + 2)} → ${mend}`);
}

function exitCodeOf(findings: readonly Finding[]): number {
  const failed = findings.filter(({ state }) => state === 'failed');
  if (failed.some(({ check }) => check === 'manifest')) return 3;
  return failed.length === 0 ? 0 : 1;
}

/** @throws GantryError USAGE */
async function writeJunit(file: string, xml: string): Promise<void> {
  try {
    await writeFile(file, xml);
  } catch (error) {
    throw new GantryError('USAGE', `--junit ${file}: ${messageOf(error)}`, { cause: error });
  }
}
