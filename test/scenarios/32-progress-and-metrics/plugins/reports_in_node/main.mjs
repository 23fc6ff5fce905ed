import { metric, progress, run } from 'gantry';

run(() => {
  progress(2);
  metric('pages', 1.5);
  return {};
});
