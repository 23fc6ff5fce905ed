// The seccomp profile that every sandbox runs under, as the JSON text that the engine takes inline (a path would be read on our side).
// Only the native 64-bit call interface is open: a 32-bit call kills the caller, since its arguments cannot be filtered the same way.
import type { JsonObject } from '../../core/json.ts';
import { ALLOWED_PERSONALITIES, ALLOWED_SOCKET_FAMILIES, ALLOWED_SYSCALLS, NAMESPACE_FLAGS } from './seccomp-table.ts';

const ENOSYS = 38;

function allowWhen(name: string, index: number, op: string, value: number, valueTwo = 0): JsonObject {
  return { names: [name], action: 'SCMP_ACT_ALLOW', args: [{ index, op, value, valueTwo }] };
}

function profile(): JsonObject {
  const names = Object.values(ALLOWED_SYSCALLS).flat();
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    archMap: [
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: [] },
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: [] },
    ],
    syscalls: [
      { names, action: 'SCMP_ACT_ALLOW', args: [] },
      ...Object.values(ALLOWED_SOCKET_FAMILIES).map((family) => allowWhen('socket', 0, 'SCMP_CMP_EQ', family)),
      allowWhen('socketpair', 0, 'SCMP_CMP_EQ', 1),
      ...ALLOWED_PERSONALITIES.map((domain) => allowWhen('personality', 0, 'SCMP_CMP_EQ', domain)),
      // Threads and forks pass, new namespaces do not. clone3 hides its flags behind a pointer: ENOSYS makes libraries fall back to clone.
      allowWhen('clone', 0, 'SCMP_CMP_MASKED_EQ', NAMESPACE_FLAGS),
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS, args: [] },
    ],
  };
}

/** Inline JSON for `SecurityOpt: ['seccomp=…']`. */
export const SECCOMP_PROFILE = JSON.stringify(profile());
