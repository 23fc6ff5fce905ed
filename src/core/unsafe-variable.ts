// Environment variables that no plugin may be started with: they make an interpreter or the dynamic linker load or run something before the
// plugin, or lead programs out of the sandbox. One list for the check of images and for the sandbox: what the first lets through starts.

const UNSAFE: readonly RegExp[] = [
  /^(LD|DYLD|MALLOC|DOCKER|GANTRY)_/i,
  /^(GLIBC_TUNABLES|GCONV_PATH)$/i,
  /^(BASH_)?ENV$/i,
  /^NODE_(OPTIONS|PATH|REPL_EXTERNAL_MODULE)$/i,
  /^PYTHON(STARTUP|PATH|HOME|INSPECT|USERBASE|WARNINGS|BREAKPOINT)$/i,
  /^PERL(5OPT|5LIB|5DB|LIB)$/i,
  /^RUBY(OPT|LIB)$/i,
  /^(_JAVA_OPTIONS|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS)$/i,
  /^(HTTPS?|NO|ALL|FTP)_PROXY$/i,
];

/** Set by Gantry's own Dockerfile of a runtime, whose images alone may have them. */
const OWN: readonly string[] = ['PYTHONPATH'];

/** @param isOwnImage whether Gantry made the image from a recipe of its own, or it was checked before */
export function isUnsafeVariable(name: string, isOwnImage: boolean): boolean {
  return UNSAFE.some((pattern) => pattern.test(name)) && !(isOwnImage && OWN.includes(name));
}
