import { run, state } from 'gantry';

run(() => state.get('count'));
