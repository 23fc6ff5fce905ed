// Health check of the container: ready means that store and engine answer. Exit code 0 or 1.
const port = process.env.GANTRY_METRICS_PORT ?? '9464';
const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
if (answer?.ok !== true) process.stderr.write(`${answer === null ? 'no answer' : await answer.text()}\n`);
process.exitCode = answer?.ok === true ? 0 : 1;
