// What one plugin may send over the pipe of protocol `stream`. A breach is a violation and ends the session; docs/protocol.md lists them.
import { MESSAGE_BYTES_MAX } from '../../core/limits.ts';

/** Bytes of one line without its line feed. A longer one is refused as soon as it is longer, and never kept. */
export const LINE_BYTES_MAX = MESSAGE_BYTES_MAX;

/** Lines per second that answer no request: notifications, requests, blank lines. Also the greatest burst. */
export const LINES_PER_SECOND_MAX = 10_000;

/** Bytes per second of those lines; one line of the greatest length must fit twice. Also the greatest burst. */
export const BYTES_PER_SECOND_MAX = 2 * LINE_BYTES_MAX;

/** Bytes of our answers to a plugin's requests that may wait for the plugin to read them. */
export const UNREAD_ANSWER_BYTES_MAX = 256 * 1024;

/** Characters of a text id that a plugin gives to its own request: it is sent back. */
export const REQUEST_ID_LENGTH_MAX = 128;

/** Requests of a plugin that are under way or whose answers it has not read yet, of all runs in flight. */
export const OPEN_REQUESTS_MAX = 32;

/** Bytes of a request for a host service, with the whole line around it. */
export const REQUEST_BYTES_MAX = 512 * 1024;
