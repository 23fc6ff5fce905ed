// Findings as JUnit XML, which every CI reads: one test suite per plugin, one test case per check.
import type { Finding } from './checks.ts';

/** @param name of the test suite: the plugin's folder */
export function renderJunit(name: string, findings: readonly Finding[]): string {
  const count = (state: Finding['state']): string =>
    String(findings.filter((finding) => finding.state === state).length);
  const totals = `tests="${String(findings.length)}" failures="${count('failed')}" skipped="${count('not_applicable')}"`;
  const time = seconds(findings.reduce((sum, { durationMs }) => sum + durationMs, 0));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="gantry plugin test" ${totals} time="${time}">`,
    `  <testsuite name="${attribute(name)}" ${totals} errors="0" time="${time}">`,
    ...findings.map((finding) => caseOf(name, finding)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function caseOf(suite: string, { check, state, reason, mend, durationMs }: Finding): string {
  const head = `    <testcase classname="${attribute(suite)}" name="${check}" time="${seconds(durationMs)}"`;
  switch (state) {
    case 'passed':
      return `${head}/>`;
    case 'not_applicable':
      return `${head}><skipped message="${attribute(reason)}"/></testcase>`;
    case 'failed':
      return `${head}><failure message="${attribute(reason)}">${attribute(mend ?? '')}</failure></testcase>`;
  }
}

function seconds(durationMs: number): string {
  return (durationMs / 1000).toFixed(3);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Reasons are escaped already, so no control character that XML forbids is left but in a folder's name. */
function attribute(text: string): string {
  return text
    .replace(/[^\t\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
    .replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char);
}
