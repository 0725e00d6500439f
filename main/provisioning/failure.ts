import type { StepFailure } from '../../shared/console-api/provisioning.ts';
import type { Fault } from '../../shared/errors.ts';
import type { ExecResult } from '../ssh/host.ts';
import type { Command } from '../ssh/shell.ts';
import type { Step } from './step.ts';

type Reason = readonly [said: RegExp, why: string, todo: string];

// What hosts say, and what it likely means. The first that fits is taken.
const REASONS: readonly Reason[] = [
  [
    /no space left|disk quota/i,
    'The disk is full.',
    'Make room on the host, then provision again. What was half written has been removed.',
  ],
  [/read-only file system/i, 'The file system is mounted read-only.', 'Mount it writable, then provision again.'],
  [
    /exec format error|cannot execute binary/i,
    'The executable is not made for this processor.',
    'Choose a host with x86-64 or arm64.',
  ],
  [
    /GLIBC_[\d.]+. not found/i,
    'The C library of the host is too old.',
    'Upgrade the host to Debian 11, Ubuntu 20.04, RHEL 8 or newer.',
  ],
  [
    /EADDRINUSE|address already in use|port .*(taken|in use)/i,
    'Another program listens on a port that this domain is to use.',
    'Stop that program (ss -ltnp shows it), or provision with other ports.',
  ],
  [/not what was sent/i, 'The executable did not arrive whole.', 'Provision again: the upload begins anew.'],
  [
    /directory not empty/i,
    'The folder exists and holds something that Parley has not put there.',
    'Look into it, move it away if it is not needed, then provision again.',
  ],
  [
    /already exists/i,
    'Something of that name is there already, and Parley has not made it.',
    'See what it is for; remove it if it is not needed, then provision again.',
  ],
  [
    /permission denied|operation not permitted/i,
    'The host does not allow it, even to root: a security policy such as SELinux or AppArmor, or a locked file.',
    "See the host's audit log, allow it, then provision again.",
  ],
  [
    /command not found|: not found/i,
    'A program that Parley relies on is missing on the host.',
    'Install it, then provision again.',
  ],
  [/timed? ?out/i, 'It took longer than systemd waits.', 'See whether the host is overloaded, then provision again.'],
];

const UNKNOWN = [
  "Parley can't tell; see what the host said.",
  'Correct what the host names, then provision again, or undo.',
] as const;

/** A command of a step ended with a code that is not 0. */
export function failedCommand(step: Step, command: Command, { code, stderr, stdout }: ExecResult): StepFailure {
  const hostWords = lastWords(stderr) || lastWords(stdout);
  const [, why, todo] = REASONS.find(([said]) => said.test(hostWords)) ?? ['', ...UNKNOWN];
  const ended = code === null ? 'was ended by a signal' : `ended with exit code ${code}`;
  return {
    what: `'${step.title}': the command ${ended}.`,
    why,
    hostWords,
    todo,
    command: command.text,
    exitCode: code,
  };
}

/** Something else went wrong: the connection, the login, a cancel. */
export const failedOtherwise = (step: Step, fault: Fault, command: string): StepFailure => ({
  what: `'${step.title}': ${fault.what}`,
  why: fault.why,
  hostWords: '',
  todo: fault.todo,
  command,
  exitCode: null,
});

/** The step's command went through, and yet its check does not hold. */
export const failedCheck = (step: Step, result: ExecResult): StepFailure => ({
  ...failedCommand(step, step.check, result),
  what: `'${step.title}' was done, but looking again does not show it.`,
});

const lastWords = (text: string): string => text.trim().split('\n').slice(-12).join('\n').slice(-2000);
