// Counts the letters of a word.
import { run } from 'gantry';

run(({ context }) => ({ node: { letters: context.data.word.length } }));
