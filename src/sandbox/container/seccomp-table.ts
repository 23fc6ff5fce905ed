// Which system calls a plugin may make, as an allow-list by purpose, and why the rest of the engine's default list is left out.
// Anything not named here is refused with EPERM; names that the engine's kernel or libseccomp does not know are skipped by the runtime.

/** Allowed without conditions. */
export const ALLOWED_SYSCALLS: Readonly<Record<string, readonly string[]>> = {
  files:
    words(`access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64
    fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync flock fstat fstatfs fsync ftruncate futimesat
    getcwd getdents getdents64 ioctl lchown link linkat lseek lstat mkdir mkdirat mknod mknodat newfstatat open openat openat2
    pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv rename renameat renameat2 rmdir
    sendfile stat statfs statx symlink symlinkat sync sync_file_range syncfs truncate umask unlink unlinkat utime utimensat
    utimes write writev`),
  attributes:
    words(`fgetxattr flistxattr fremovexattr fsetxattr getxattr lgetxattr listxattr llistxattr lremovexattr lsetxattr
    removexattr setxattr`),
  waiting:
    words(`epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 inotify_add_watch
    inotify_init inotify_init1 inotify_rm_watch pause pipe pipe2 poll ppoll pselect6 select signalfd signalfd4 splice tee
    vmsplice io_setup io_submit io_getevents io_pgetevents io_cancel io_destroy`),
  memory:
    words(`brk cachestat madvise membarrier memfd_create mincore mlock mlock2 mlockall mmap mprotect mremap msync munlock
    munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages map_shadow_stack`),
  processes:
    words(`execve execveat exit exit_group fork vfork wait4 waitid getpgid getpgrp getpid getppid getpriority getsid
    gettid setpgid setpriority setsid kill tkill tgkill pidfd_open pidfd_send_signal process_mrelease prctl arch_prctl
    restart_syscall rseq seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self capget capset`),
  threads: words(`futex futex_waitv futex_wait futex_wake futex_requeue get_robust_list set_robust_list set_tid_address
    get_thread_area set_thread_area getcpu sched_getaffinity sched_getattr sched_getparam sched_get_priority_max
    sched_get_priority_min sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam
    sched_setscheduler sched_yield ioprio_get ioprio_set`),
  signals: words(`rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
    rt_tgsigqueueinfo sigaltstack`),
  time: words(`alarm clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep setitimer time times
    timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime`),
  identity:
    words(`getegid geteuid getgid getgroups getresgid getresuid getuid setfsgid setfsuid setgid setgroups setregid
    setresgid setresuid setreuid setuid`),
  limits: words('getrandom getrlimit getrusage prlimit64 setrlimit sysinfo uname'),
  sockets:
    words(`accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg
    sendmsg sendto setsockopt shutdown`),
  systemV: words(
    'mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget',
  ),
};

/** Socket families with a use inside a container without network. Node lists its interfaces over netlink, so that one stays. */
export const ALLOWED_SOCKET_FAMILIES: Readonly<Record<string, number>> = { unix: 1, inet: 2, inet6: 10, netlink: 16 };

/** Execution domains: the default (0) and the question which one is set (0xffffffff); the others switch off address randomisation. */
export const ALLOWED_PERSONALITIES: readonly number[] = [0, 0xffffffff];

/** CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}: a new namespace brings new capabilities and kernel surface. */
export const NAMESPACE_FLAGS = 0x7e020000;

/** What is left out although some engine's default list has it (or grants it with a capability), with the reason. */
export const EXCLUDED_SYSCALLS: Readonly<Record<string, string>> = {
  io_uring_setup: 'a second system call interface that runs beside this filter; the source of many kernel escapes',
  io_uring_enter: 'as io_uring_setup',
  io_uring_register: 'as io_uring_setup',
  ptrace: 'reads and changes other processes of the sandbox; the filter can be stepped around on old kernels',
  process_vm_readv: 'reads the memory of another process',
  process_vm_writev: 'writes the memory of another process',
  process_madvise: 'acts on the memory of another process',
  pidfd_getfd: 'takes open files out of another process',
  kcmp: 'tells where kernel objects lie',
  unshare: 'makes namespaces, in which the plugin would be root',
  setns: 'enters namespaces',
  mount: 'changes what the sandbox sees',
  umount: 'as mount',
  umount2: 'as mount',
  pivot_root: 'as mount',
  move_mount: 'as mount',
  mount_setattr: 'as mount',
  open_tree: 'as mount',
  fsopen: 'as mount',
  fsconfig: 'as mount',
  fsmount: 'as mount',
  fspick: 'as mount',
  chroot: 'changes what the sandbox sees',
  keyctl: 'the key ring of the kernel is not held apart by namespaces',
  add_key: 'as keyctl',
  request_key: 'as keyctl; starts a program on the host',
  bpf: 'loads programs into the kernel',
  perf_event_open: 'measures other processes; large kernel surface',
  userfaultfd: 'stops the kernel in the middle of a copy: the usual aid of exploits',
  name_to_handle_at: 'names files past the mounts of the sandbox',
  open_by_handle_at: 'opens files past the mounts of the sandbox',
  fanotify_init: 'watches whole file systems',
  fanotify_mark: 'as fanotify_init',
  memfd_secret: 'memory that nobody can account for or look into',
  quotactl: 'settings of file systems',
  syslog: 'the log of the host kernel',
  adjtimex: 'the clock of the host',
  clock_adjtime: 'the clock of the host',
  clock_settime: 'the clock of the host',
  settimeofday: 'the clock of the host',
  sethostname: 'nothing of the host is to be set',
  setdomainname: 'nothing of the host is to be set',
  modify_ldt: 'old kernel surface that 64-bit programs do not need',
  iopl: 'the ports of the machine',
  ioperm: 'the ports of the machine',
  lookup_dcookie: 'profiling of the host',
  init_module: 'loads code into the kernel',
  finit_module: 'as init_module',
  delete_module: 'unloads code of the kernel',
  kexec_load: 'replaces the kernel',
  kexec_file_load: 'replaces the kernel',
  reboot: 'stops the machine',
  swapon: 'settings of the host',
  swapoff: 'settings of the host',
  acct: 'settings of the host',
  vhangup: 'settings of the host',
  get_mempolicy: 'placement of memory on the host',
  set_mempolicy: 'as get_mempolicy',
  mbind: 'as get_mempolicy',
  move_pages: 'as get_mempolicy',
  migrate_pages: 'as get_mempolicy',
  socketcall: 'the 32-bit door to sockets: its arguments cannot be filtered',
};

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
