// Requests to the API as a client makes them, and the problem document they may end in.
import { expect } from 'vitest';

export interface Problem {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly errors: readonly { readonly at: string }[];
}

/** `body`: JSON text; null sends none. */
export async function post(
  url: string,
  path: string,
  body: string | null,
  headers: Record<string, string> = {},
): Promise<Response> {
  const type: Record<string, string> = body === null ? {} : { 'content-type': 'application/json' };
  return await fetch(`${url}${path}`, { method: 'POST', headers: { ...type, ...headers }, body });
}

export async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  return (await response.json()) as Problem;
}
