// Server-sent events on the wire: a text of lines. JSON holds no bare line break, so one `data:` line carries one document.

export interface SseEvent {
  readonly id: string | null;
  readonly event: string;
  readonly value: unknown;
}

/** Sent at once, because headers leave only with the first byte; tells a browser to come back after a second. */
export const SSE_HELLO = 'retry: 1000\n: ok\n\n';
export const SSE_HEARTBEAT = ': beat\n\n';

export function formatSse({ id, event, value }: SseEvent): string {
  const idLine = id === null ? '' : `id: ${id}\n`;
  return `${idLine}event: ${event}\ndata: ${JSON.stringify(value)}\n\n`;
}
