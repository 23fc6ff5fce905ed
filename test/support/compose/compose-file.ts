// docker-compose.yml as data, checked for its shape, and the `docker run` flags that say the same as a service.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { ROOT } from '../gantry/start-gantry.ts';

const SERVICE = z.strictObject({
  image: z.string(),
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  read_only: z.boolean(),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  restart: z.string(),
  user: z.string().optional(),
  init: z.boolean().optional(),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  // The long form is not understood by `docker stack deploy`.
  depends_on: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  group_add: z.array(z.string()).optional(),
  tmpfs: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  networks: z.array(z.string()),
  healthcheck: z.record(z.string(), z.unknown()).optional(),
  stop_grace_period: z.string().optional(),
  deploy: z.object({
    resources: z.strictObject({
      limits: z.strictObject({ cpus: z.string(), memory: z.string(), pids: z.number() }),
    }),
  }),
});

const FILE = z.strictObject({
  name: z.string(),
  'x-hardened': z.unknown(),
  services: z.record(z.string(), SERVICE),
  networks: z.record(z.string(), z.unknown()),
  volumes: z.record(z.string(), z.unknown()),
});

export type ComposeFile = z.output<typeof FILE>;
export type ComposeService = z.output<typeof SERVICE>;

export function readCompose(): ComposeFile {
  return FILE.parse(parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }));
}

/** Hardening, limits and scratch space of the service, for an engine without Compose. */
export function hardeningFlags(service: ComposeService): string[] {
  const { cpus, memory, pids } = service.deploy.resources.limits;
  return [
    ...(service.read_only ? ['--read-only'] : []),
    ...service.cap_drop.flatMap((name) => ['--cap-drop', name]),
    ...service.security_opt.flatMap((option) => ['--security-opt', option]),
    ...service.tmpfs.flatMap((mount) => ['--tmpfs', mount]),
    ...(service.init === true ? ['--init'] : []),
    ...['--cpus', cpus, '--memory', memory.toLowerCase(), '--pids-limit', String(pids)],
  ];
}
