// docs/protocol.md against the code: the conversation that it shows is held byte by byte, and its tables name every reason.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { PROTOCOL_VIOLATIONS } from '../../../src/core/outcome.ts';
import {
  BYTES_PER_SECOND_MAX,
  LINE_BYTES_MAX,
  LINES_PER_SECOND_MAX,
  REQUEST_ID_LENGTH_MAX,
  UNREAD_ANSWER_BYTES_MAX,
} from '../../../src/protocol/stream/stream-limits.ts';
import { hostMessageSchema, pluginMessageSchema } from '../../../src/protocol/stream/message-schemas.ts';
import { StreamSession } from '../../../src/protocol/stream/stream-session.ts';
import { bytesOf, OPTIONS } from '../../support/stream/stream-driver.ts';
import { readBlocks } from '../../support/docs/read-blocks.ts';

const TEXT = readFileSync('docs/protocol.md', 'utf8');
const MIB = 1024 * 1024;

const LINES = readBlocks(TEXT)
  .filter(({ section }) => section === 'A whole life, byte by byte')
  .flatMap(({ text }) => text.trimEnd().split('\n'))
  .map((line) => ({ isHost: line.startsWith('H: '), text: line.slice(3) }));

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

  test('shows lines that the schemas describe', () => {
    for (const { isHost, text } of LINES) {
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
    ];
    for (const words of stated) expect(TEXT).toContain(words);
  });
});
