// The panel's own files: a closed list, read once at the first request, with a hash as ETag.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Answer, Route } from '../http/route.ts';

const ASSETS = {
  'panel.css': 'text/css; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

interface LoadedAsset {
  readonly body: Uint8Array;
  readonly etag: string;
}

export function assetsRoutes(): readonly Route[] {
  return Object.entries(ASSETS).map(([name, type]) => {
    let loaded: Promise<LoadedAsset> | null = null;
    return {
      method: 'GET',
      path: `/assets/${name}`,
      answer: async (request): Promise<Answer> => {
        loaded ??= load(name);
        const { body, etag } = await loaded;
        const headers = { ETag: etag, 'Cache-Control': 'no-cache' };
        if (request.header('if-none-match') === etag) return { status: 304, type, headers, body: '' };
        return { status: 200, type, headers, body };
      },
    };
  });
}

async function load(name: string): Promise<LoadedAsset> {
  const body = await readFile(new URL(`./assets/${name}`, import.meta.url));
  return { body, etag: `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"` };
}
