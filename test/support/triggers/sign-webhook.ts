// Signs as a sender does, written from the published scheme and apart from the code under test.
import { createHmac } from 'node:crypto';

export interface SignOptions {
  readonly secret: string;
  readonly id?: string;
  /** unix seconds; now unless given */
  readonly at?: number;
  readonly body?: string;
}

/** The three headers for the body. */
export function signWebhook({ secret, id = 'msg_1', at, body = '{}' }: SignOptions): Record<string, string> {
  const seconds = String(at ?? Math.floor(Date.now() / 1000));
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${signature}` };
}
