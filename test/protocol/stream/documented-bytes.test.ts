// docs/protocol.md against the code: the conversation that it shows is held byte by byte, and its tables name every reason.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/core/json.ts';
import { PROTOCOL_VIOLATIONS } from '../../../src/core/outcome.ts';
import type { HostAnswer, HostRefusal } from '../../../src/core/ports/host-services.ts';
import { ARTIFACT_CHUNK_BYTES, ARTIFACTS_MAX } from '../../../src/core/artifact.ts';
import { UPLOADS_MAX } from '../../../src/pipeline/services/artifact-desk.ts';
import { REQUESTS_PER_SECOND } from '../../../src/pipeline/services/create-host-services.ts';
import { STATE_LIMITS } from '../../../src/pipeline/services/state-keeper.ts';
import {
  BYTES_PER_SECOND_MAX,
  LINE_BYTES_MAX,
  LINES_PER_SECOND_MAX,
  OPEN_REQUESTS_MAX,
  REQUEST_BYTES_MAX,
  REQUEST_ID_LENGTH_MAX,
  UNREAD_ANSWER_BYTES_MAX,
} from '../../../src/protocol/stream/stream-limits.ts';
import { hostMessageSchema, pluginMessageSchema } from '../../../src/protocol/stream/message-schemas.ts';
import { StreamSession } from '../../../src/protocol/stream/stream-session.ts';
import { bytesOf, OPTIONS, readySession, startRun } from '../../support/stream/stream-driver.ts';
import { readBlocks } from '../../support/docs/read-blocks.ts';

const TEXT = readFileSync('docs/protocol.md', 'utf8');
const MIB = 1024 * 1024;

function linesIn(wanted: string): readonly { readonly isHost: boolean; readonly text: string }[] {
  return readBlocks(TEXT)
    .filter(({ section }) => section === wanted)
    .flatMap(({ text }) => text.trimEnd().split('\n'))
    .map((line) => ({ isHost: line.startsWith('H: '), text: line.slice(3) }));
}

const LINES = linesIn('A whole life, byte by byte');
const ASKED = linesIn('What a plugin may ask of the host');

interface RunLine {
  readonly method: string;
  readonly params: { readonly invocation: { readonly nonce: string } };
}

/** Makes the host write what is shown next: greetings come by themselves, a run and the end are asked for. */
function prompt(session: StreamSession, line: string): void {
  const { method, params } = JSON.parse(line) as RunLine;
  if (method === 'run') {
    const document = Buffer.from(JSON.stringify(params));
    session.run({ document, nonce: params.invocation.nonce, timeoutMs: 30_000 }, 0);
  }
  if (method === 'on_shutdown') session.close(1_000, 0);
}

/** The answer that a shown line carries. */
function shown(line: string): HostAnswer {
  const { result = null, error } = JSON.parse(line) as { result?: JsonValue; error?: ShownError };
  if (error === undefined) return { kind: 'result', result };
  const { code: reason, ...details } = error.data;
  return { kind: 'refusal', reason, message: error.message, details };
}

interface ShownError {
  readonly message: string;
  readonly data: JsonObject & { readonly code: HostRefusal };
}

const REFUSALS: readonly string[] = [
  ...['METHOD_NOT_FOUND', 'NOT_SUPPORTED', 'NOT_DECLARED', 'NO_RUN', 'TOO_LARGE', 'BUSY'],
  ...(['INVALID_PARAMS', 'CONFLICT', 'FULL', 'NOT_FOUND', 'UNAVAILABLE'] satisfies HostRefusal[]),
];

describe('docs/protocol.md', () => {
  test('shows a conversation that the host holds byte by byte', () => {
    const session = new StreamSession(OPTIONS);
    session.start(0);
    expect(LINES.length).toBeGreaterThan(8);
    for (const { isHost, text } of LINES) {
      if (isHost) {
        prompt(session, text);
        expect(Buffer.concat(session.takeOutput()).toString()).toBe(`${text}\n`);
      } else session.receive(bytesOf(text), 0);
    }
    const types = session.takeEvents().map(({ type }) => type);
    expect(types.filter((type) => type !== 'moved')).toEqual(['ready', 'logLine', 'progress', 'runEnded', 'endInput']);
  });

  test('shows requests for host services, and answers that the host gives byte by byte', () => {
    const session = readySession({ services: ['state', 'artifact'] }, { onLoad: true });
    expect(startRun(session, 'a')).toBe(3);
    session.takeOutput();
    expect(ASKED.length).toBeGreaterThan(5);
    for (const { isHost, text } of ASKED) {
      if (!isHost) session.receive(bytesOf(text), 0);
      else {
        for (const event of session.takeEvents())
          if (event.type === 'asked') session.answer(event.request, shown(text));
        expect(Buffer.concat(session.takeOutput()).toString()).toBe(`${text}\n`);
      }
    }
  });

  test('names every code by which a request is refused', () => {
    for (const code of REFUSALS) expect(TEXT).toMatch(new RegExp(`^\\| \`${code}\` +\\|`, 'm'));
  });

  test('shows lines that the schemas describe', () => {
    for (const { isHost, text } of [...LINES, ...ASKED]) {
      const schema = isHost ? hostMessageSchema : pluginMessageSchema;
      expect(schema.safeParse(JSON.parse(text))).toMatchObject({ success: true });
    }
  });

  test.each(PROTOCOL_VIOLATIONS)('explains the reason %s', (violation) => {
    expect(TEXT).toMatch(new RegExp(`^\\| \`${violation}\` +\\|`, 'm'));
  });

  test('states the limits that hold', () => {
    const stated = [
      `| ${LINE_BYTES_MAX / MIB} MiB `,
      `| ${LINES_PER_SECOND_MAX.toLocaleString('en')} `,
      `| ${BYTES_PER_SECOND_MAX / MIB} MiB `,
      `| ${UNREAD_ANSWER_BYTES_MAX / 1024} KiB `,
      `at most ${REQUEST_ID_LENGTH_MAX} characters`,
      `longer than ${REQUEST_BYTES_MAX / 1024} KiB`,
      `| ${OPEN_REQUESTS_MAX} requests wait`,
      `1 to ${STATE_LIMITS.keyBytes} printable ASCII characters`,
      `at most ${STATE_LIMITS.valueBytes / 1024} KiB of JSON`,
      `at most ${STATE_LIMITS.keys.toLocaleString('en')} keys and ${STATE_LIMITS.bytes / MIB} MiB`,
      `base64 of at most ${ARTIFACT_CHUNK_BYTES / 1024} KiB`,
      `and ${ARTIFACTS_MAX.toLocaleString('en')} artifacts`,
      `${UPLOADS_MAX} artifacts at once`,
      `More than ${REQUESTS_PER_SECOND.toLocaleString('en')} requests`,
    ];
    for (const words of stated) expect(TEXT).toContain(words);
  });
});
