// Reads the answer of a `text` plugin: whatever a Unix filter printed, as JSON or as a string. Silence with exit 0 is no result.
import { parseStrictJson } from '../core/strict-json.ts';
import type { TextOptions } from '../core/plugin.ts';
import { NO_SECRETS, type Redactor } from '../core/redact.ts';
import { exitVerdict } from './exit-verdict.ts';
import type { Reply, Verdict } from './reply.ts';
import { violationVerdict } from './violation.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** @param output `json`: must parse; `text`: a string as it stands; null: JSON when it parses, else the string */
export function readTextResult(reply: Reply, output: TextOptions['output'], redactor: Redactor = NO_SECRETS): Verdict {
  const byExit = exitVerdict(reply);
  if (byExit !== null) return byExit;
  if (reply.stdout.length === 0) {
    const message = 'the plugin ended without writing anything to stdout';
    return { outcome: { code: 'no_result', message }, result: null };
  }
  return output === 'text' ? asText(reply.stdout, redactor) : asJson(reply.stdout, output, redactor);
}

function asJson(stdout: Uint8Array, output: 'json' | null, redactor: Redactor): Verdict {
  const parsed = parseStrictJson(stdout);
  if (parsed.ok) return { outcome: { code: 'ok', message: 'the plugin succeeded' }, result: parsed.value };
  if (output === null && parsed.violation === 'not_json') return asText(stdout, redactor);
  return violationVerdict(parsed.violation, stdout, `the output is not acceptable JSON: ${parsed.message}`, redactor);
}

function asText(stdout: Uint8Array, redactor: Redactor): Verdict {
  try {
    const result = decoder.decode(stdout);
    return { outcome: { code: 'ok', message: 'the plugin succeeded' }, result };
  } catch {
    return violationVerdict('bad_utf8', stdout, 'the output is not valid UTF-8', redactor);
  }
}
