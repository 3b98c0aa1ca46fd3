/** A command line that makes no sense: exit code 2. */
export class UsageError extends Error {
  readonly code = 'E_USAGE';
  override readonly name = 'UsageError';
}

/** The run ended early at the user's wish: exit code 130. */
export class Interrupted extends Error {
  readonly code = 'E_INTERRUPTED';
  override readonly name = 'Interrupted';
}

/** Codes of errors whose cause lies with what the user gave: exit code 2. Everything else that a run throws is 1. */
const USERS = new Set([
  'E_USAGE',
  'E_CONFIG',
  'E_NETWORK',
  'E_FILE',
  'E_DATA',
  'E_FORMAT',
  'E_EXPRESSION',
  'E_PATH',
  'E_TRACE_FILE',
  'E_TRACE_FORMAT',
  'E_VCD',
  'E_WAVES',
  'E_REPLAY',
  'E_DIFF',
]);

/** 0 done, 1 the model faulted or an expectation failed, 2 bad usage or input, 130 interrupted. */
export function exitCodeOf(error: unknown): number {
  const code = codeOf(error);
  if (code === 'E_INTERRUPTED') return 130;
  return code !== undefined && (USERS.has(code) || code.startsWith('ERR_PARSE_ARGS')) ? 2 : 1;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What the user is told: the message alone where the cause is known, the stack where it is a fault of ours. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return codeOf(error) === undefined ? (error.stack ?? error.message) : error.message;
}
