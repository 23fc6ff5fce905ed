// All that a container of protocol `stream` wrote, read once more by the host's own codec: a session stops reading at an answer, so what came
// after it shows only here.
import { isJsonObject } from '../../core/json.ts';
import { MessageDecoder } from '../../protocol/stream/message-decoder.ts';
import type { PluginMessage } from '../../protocol/stream/read-message.ts';
import type { Witness } from './watch-engine.ts';

export interface Transcript {
  /** answers to runs: those that carry a nonce */
  readonly runAnswers: number;
  /** its capabilities, by name */
  readonly offers: readonly string[];
  /** what broke the protocol; null: nothing did. A line that was under way when the container was killed does not count */
  readonly fault: string | null;
}

export function readTranscript({ stdout }: Witness): Transcript {
  const decoder = new MessageDecoder();
  const answered = new Set<number | string>();
  let runAnswers = 0;
  let offers: readonly string[] = [];
  for (const bytes of stdout) {
    decoder.push(bytes);
    for (let next = decoder.next(); next !== null; next = decoder.next()) {
      if (next.kind === 'violation') return { runAnswers, offers, fault: told(next.outcome) };
      if (next.kind === 'blank' || !isAnswer(next.message)) continue;
      const { message } = next;
      offers = [...offers, ...offersOf(message)];
      if (carriesNonce(message)) runAnswers += 1;
      if (message.id === null) continue;
      if (answered.has(message.id))
        return {
          runAnswers,
          offers,
          fault: `protocol/second_result: request ${String(message.id)} was answered twice`,
        };
      answered.add(message.id);
    }
  }
  return { runAnswers, offers, fault: null };
}

type Answer = Extract<PluginMessage, { readonly kind: 'result' | 'error' }>;

function isAnswer(message: PluginMessage): message is Answer {
  return message.kind === 'result' || message.kind === 'error';
}

function carriesNonce(answer: Answer): boolean {
  if (answer.kind === 'error') return answer.nonce !== null;
  return isJsonObject(answer.result) && Object.hasOwn(answer.result, 'nonce');
}

function offersOf(answer: Answer): readonly string[] {
  if (answer.kind === 'error' || !isJsonObject(answer.result)) return [];
  const { capabilities } = answer.result;
  if (capabilities === undefined || !isJsonObject(capabilities)) return [];
  return Object.keys(capabilities).filter((name) => capabilities[name] === true);
}

function told({ violation, message, seen }: { violation: string; message: string; seen: string }): string {
  return `protocol/${violation}: ${message} (seen: ${seen})`;
}
