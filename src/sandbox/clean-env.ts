// The environment of a plugin: what its image needs, minus names that change how programs load or start, plus a home in the one writable place.

const FORBIDDEN =
  /^(LD_.*|DYLD_.*|GLIBC_TUNABLES|NODE_OPTIONS|NODE_REPL_EXTERNAL_MODULE|PYTHONSTARTUP|PYTHONINSPECT|PERL5OPT|RUBYOPT|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|BASH_ENV|ENV|GCONV_PATH|MALLOC_.*|HTTPS?_PROXY|NO_PROXY|DOCKER_.*|GANTRY_.*)$/i;
const WELL_FORMED = /^[A-Za-z_][A-Za-z0-9_]*=[^\0]*$/;

/** True for a variable that no plugin may be started with. */
export function isForbiddenVariable(name: string): boolean {
  return FORBIDDEN.test(name);
}

/** The accepted entries in order, later ones replacing earlier ones of the same name; HOME and TMPDIR are always /tmp. */
export function cleanEnv(entries: readonly string[]): readonly string[] {
  const byName = new Map<string, string>();
  for (const entry of entries) {
    const name = entry.slice(0, entry.indexOf('='));
    if (WELL_FORMED.test(entry) && !isForbiddenVariable(name)) byName.set(name, entry);
  }
  byName.set('HOME', 'HOME=/tmp');
  byName.set('TMPDIR', 'TMPDIR=/tmp');
  return [...byName.values()];
}
