// Every key of the schema as a flat list, each with the environment variable that sets it: `web.port` → GANTRY_WEB_PORT.
import type { z } from 'zod';
import { SYSTEM_SCHEMA } from './system-schema.ts';

export interface Setting {
  readonly path: readonly [section: string, key: string];
  readonly variable: string;
  readonly schema: z.ZodType;
}

export const SETTINGS: readonly Setting[] = Object.entries(SYSTEM_SCHEMA.shape).flatMap(([section, prefaulted]) =>
  Object.entries(prefaulted.unwrap().shape as Record<string, z.ZodType>).map(([key, schema]) => ({
    path: [section, key] as const,
    variable: `GANTRY_${snake(section)}_${snake(key)}`,
    schema,
  })),
);

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
