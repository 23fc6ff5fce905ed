// What Gantry calls: takes the request apart and lets greeting.mjs do the work. Whatever is printed is a log line.
import { log, run } from 'gantry';
import { greet } from './greeting.mjs';

run(({ context }) => {
  const name = context.params.name ?? 'world';
  log('info', 'greeting', { name });
  return { 'PLUGIN_NAME': greet(name) };
});
