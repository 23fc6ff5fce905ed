// The local engine by hand:  node docker/setup/engine.mjs start | stop | status
// `stop` ends only an engine that was started from this repository; `status` exits 0 when an engine answers, else 1.
import { DEFAULT_HOST, ensureEngine, stopStartedEngine } from './ensure-engine.mjs';
import { pingEngine } from './ping-engine.mjs';
import { sayFailure } from './say.mjs';

const COMMANDS = {
  async start() {
    const { host, isStarted } = await ensureEngine();
    process.stdout.write(`${isStarted ? 'started' : 'running'} ${host}\n`);
    return 0;
  },
  async stop() {
    process.stdout.write((await stopStartedEngine()) ? 'stopped\n' : 'nothing to stop\n');
    return 0;
  },
  async status() {
    const configured = process.env.DOCKER_HOST ?? '';
    const answer = await pingEngine(configured === '' ? DEFAULT_HOST : configured);
    process.stdout.write(`${answer}\n`);
    return answer === 'answers' ? 0 : 1;
  },
};

const command = process.argv[2] ?? '';
if (Object.hasOwn(COMMANDS, command)) {
  try {
    process.exitCode = await COMMANDS[command]();
  } catch (error) {
    sayFailure(error);
    process.exitCode = 1;
  }
} else {
  process.stderr.write(`use: node docker/setup/engine.mjs ${Object.keys(COMMANDS).join(' | ')}\n`);
  process.exitCode = 2;
}
