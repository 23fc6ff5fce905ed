// Types of ping-engine.mjs for the tests; the script itself stays plain JavaScript like all of set-up.
export function pingEngine(host: string): Promise<'answers' | 'silent' | 'forbidden' | 'unknown'>;
