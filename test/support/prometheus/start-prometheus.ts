// A real Prometheus on a free loopback port that scrapes one target every second. It picks its port itself, and the port is read from
// the kernel's socket table: choosing one beforehand could collide with another test.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ensureTestTools } from '../../../docker/setup/ensure-test-tools.mjs';
import { waitFor } from '../gantry/api.ts';

export interface TestPrometheus extends AsyncDisposable {
  readonly url: string;
  /** Values of an instant query, NaN among them. @throws Error when Prometheus refuses the query */
  query(expr: string): Promise<readonly number[]>;
}

const START_MS = 120_000;

/** `target`: host:port of a metrics listener. */
export async function startPrometheus(target: string): Promise<TestPrometheus> {
  const { promtool } = await ensureTestTools();
  const folder = await mkdtemp(join(tmpdir(), 'gantry-prometheus-'));
  const config = {
    global: { scrape_interval: '1s' },
    scrape_configs: [{ job_name: 'gantry', static_configs: [{ targets: [target] }] }],
  };
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const child = spawn(
    join(dirname(promtool), 'prometheus'),
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      '--web.listen-address=127.0.0.1:0',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints = (complaints + text).slice(-4_000)));
  const stop = async (): Promise<void> => {
    await endChild(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const url = await waitFor(() => addressOf(child, complaints), 'Prometheus to listen', START_MS);
    await waitFor(() => isReady(url), 'Prometheus to be ready', START_MS);
    return { url, query: (expr) => query(url, expr), [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/-/ready`).catch(() => null);
  return response?.ok === true;
}

function addressOf(child: ChildProcess, complaints: string): string | null {
  if (child.exitCode !== null || child.pid === undefined) throw new Error(`Prometheus ended: ${complaints}`);
  const port = listeningPort(child.pid);
  return port === null ? null : `http://127.0.0.1:${String(port)}`;
}

/** Port of the only listening IPv4 socket of a process. */
function listeningPort(pid: number): number | null {
  const folder = `/proc/${String(pid)}/fd`;
  const links = readdirSync(folder).map((name) => {
    try {
      return readlinkSync(join(folder, name));
    } catch {
      return '';
    }
  });
  for (const line of readFileSync(`/proc/${String(pid)}/net/tcp`, 'utf8')
    .split('\n')
    .slice(1)) {
    const fields = line.trim().split(/\s+/);
    const isListening = fields[3] === '0A' && links.includes(`socket:[${fields[9] ?? ''}]`);
    if (isListening) return Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
  }
  return null;
}

async function query(url: string, expr: string): Promise<readonly number[]> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`);
  const answer = (await response.json()) as {
    status: string;
    error?: string;
    data?: { result: { value: [number, string] }[] };
  };
  if (answer.status !== 'success') throw new Error(`${expr}: ${answer.error ?? 'refused'}`);
  return (answer.data?.result ?? []).map(({ value }) => Number(value[1]));
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}
