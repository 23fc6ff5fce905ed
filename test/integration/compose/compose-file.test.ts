// What docker-compose.yml promises, checked on the file itself: its images cannot be had where these tests run. Compose reads it too,
// where there is one.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCompose } from '../../../docker/setup/engine28.mjs';
import { readCompose } from '../../support/compose/compose-file.ts';
import { ROOT } from '../../support/gantry/start-gantry.ts';

const compose = readCompose();
const services = Object.entries(compose.services);

describe.each(services)('the service %s', (name, service) => {
  it('is hardened and limited', () => {
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toContain('no-new-privileges:true');
    expect(service.deploy.resources.limits.pids).toBeLessThanOrEqual(512);
    // Gantry's own image ends as an unprivileged user; the others are told.
    if (!service.image.startsWith('gantry:')) expect(service.user).toMatch(/^[1-9]\d*:\d+$/);
  });

  it('names its image by an exact version', () => {
    expect(service.image).toMatch(/:v?\d+\.\d+\.\d+$/);
  });

  it('is published on loopback only', () => {
    for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it('holds no password, only the files of passwords', () => {
    for (const [variable, value] of Object.entries(service.environment)) {
      if (/PASSWORD|SECRET|URI|TOKEN/.test(variable)) {
        expect(variable).toMatch(/_FILE$/);
        expect(value).toMatch(/^\/secrets\//);
      }
    }
  });

  it('mounts declared volumes and files that exist, read-only where it only reads', () => {
    for (const volume of service.volumes) {
      const [source = '', , mode] = volume.split(':');
      if (source === '/var/run/docker.sock') expect(name).toBe('gantry');
      else if (source === '/sys/fs/cgroup') expect([name, mode]).toEqual(['gantry', 'ro']);
      else if (source.startsWith('./')) {
        expect(existsSync(join(ROOT, source))).toBe(true);
        expect(mode).toBe('ro');
      } else expect(Object.keys(compose.volumes)).toContain(source);
    }
  });

  it('waits only for services that exist, and joins declared networks', () => {
    for (const other of service.depends_on ?? []) expect(Object.keys(compose.services)).toContain(other);
    for (const network of service.networks) expect(Object.keys(compose.networks)).toContain(network);
  });
});

describe('the installation', () => {
  it('says of every lasting service whether it is healthy', () => {
    const dockerfile = readFileSync(join(ROOT, 'docker', 'gantry.Dockerfile'), 'utf8');
    expect(dockerfile).toContain('HEALTHCHECK');
    for (const [name, { healthcheck }] of services) {
      if (name !== 'gantry' && name !== 'init') expect(healthcheck).toHaveProperty('test');
    }
  });

  it('gets passwords of its own, once, those of Grafana apart', () => {
    const place = mkdtempSync(join(tmpdir(), 'gantry-secrets-'));
    const make = (name: string): { store: string; grafana: string } => {
      const folders = { store: join(place, name, 'store'), grafana: join(place, name, 'grafana') };
      for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
      const script = join(ROOT, 'docker', 'compose', 'make-secrets.mjs');
      execFileSync(process.execPath, [script, folders.store, folders.grafana]);
      return folders;
    };
    const read = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');
    try {
      const one = make('one');
      const first = read(one.store, 'mongodb-password');
      make('one');
      expect(first).toMatch(/^[0-9a-f]{48}$/);
      expect(read(one.store, 'mongodb-password')).toBe(first);
      expect(read(one.store, 'mongodb-uri')).toContain(`gantry:${first}@mongodb`);
      expect(read(make('other').store, 'mongodb-password')).not.toBe(first);
      expect(read(one.grafana, 'grafana-password')).not.toBe(first);
      expect(readdirSync(one.grafana)).toEqual(['grafana-password']);
    } finally {
      rmSync(place, { recursive: true });
    }
  });

  it('mounts secrets only where they are needed', () => {
    const users = (volume: string): string[] =>
      services
        .filter(([, service]) => service.volumes.some((one) => one.startsWith(`${volume}:`)))
        .map(([name]) => name);
    expect(users('secrets').sort()).toEqual(['gantry', 'init', 'mongodb']);
    expect(users('grafana-secrets').sort()).toEqual(['grafana', 'init']);
  });
});

const program = findCompose();

/** The files as Compose understands them together. */
function composed(...files: string[]): { services: Record<string, object> } {
  const args = [...files.flatMap((file) => ['-f', file]), 'config', '--format', 'json'];
  const text = execFileSync(program ?? '', args, { cwd: ROOT, encoding: 'utf8', env: { PATH: process.env['PATH'] } });
  return JSON.parse(text) as ReturnType<typeof composed>;
}

describe.skipIf(program === undefined)(
  program === undefined ? 'Compose, which is not on this machine,' : 'Compose',
  () => {
    it('reads docker-compose.yml as it was meant', () => {
      const read = composed('docker-compose.yml').services;
      expect(Object.keys(read).sort()).toEqual(Object.keys(compose.services).sort());
      for (const [name, { image }] of services)
        expect(read[name]).toMatchObject({ image, read_only: true, cap_drop: ['ALL'] });
    });

    it('reads local-images.yml as Gantry alone, hardened, on a local base and with the embedded store', () => {
      const read = composed('docker-compose.yml', 'docker/compose/local-images.yml').services;
      expect(Object.keys(read).sort()).toEqual(['gantry', 'init']);
      const build = { args: { BASE: 'gantry/base-node:1' } };
      for (const service of Object.values(read))
        expect(service).toMatchObject({ build, read_only: true, cap_drop: ['ALL'] });
      const embedded = { environment: { GANTRY_BUILD_ALLOW_NETWORK: 'false' }, depends_on: { init: {} } };
      expect(read['gantry']).toMatchObject(embedded);
      expect(read['gantry']).not.toHaveProperty('environment.GANTRY_STORE_URI_FILE');
      expect(read['gantry']).not.toHaveProperty('depends_on.mongodb');
    });
  },
);
