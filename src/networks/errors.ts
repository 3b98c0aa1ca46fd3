/** One mistake: where it is, which field is wrong, what was wanted there and what was found instead. */
export interface Issue {
  /** The network, layer, file or data set at fault, from the outside in, for example `mnist-cnn.conv1`. */
  readonly path: string;
  readonly field: string;
  /** Completes the sentence "must be ...". */
  readonly wanted: string;
  /** The value found, as text. */
  readonly got: string;
}

function sentence(issue: Issue): string {
  return `${issue.path}: ${issue.field} must be ${issue.wanted}, got ${issue.got}`;
}

/** Shows a value in an error message: JSON where there is one, shortened past 80 characters. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

abstract class IssueError extends Error {
  abstract readonly code: string;
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super(issues.map(sentence).join('\n'));
    this.issues = issues;
  }

  get path(): string {
    return this.issues[0]?.path ?? '';
  }
  get field(): string {
    return this.issues[0]?.field ?? '';
  }
  get wanted(): string {
    return this.issues[0]?.wanted ?? '';
  }
  get got(): string {
    return this.issues[0]?.got ?? '';
  }
}

/** A network, its weights or its formats are wrong. Carries every mistake found, `path` and so on give the first. */
export class NetworkError extends IssueError {
  override readonly name = 'NetworkError';
  readonly code = 'E_NETWORK';
}

/** A file is missing, truncated or of another kind than was asked for; `path` is the file. */
export class FileFormatError extends IssueError {
  override readonly name = 'FileFormatError';
  readonly code = 'E_FILE';
}

/** Images and labels of a data set do not go together, or do not fit the network. */
export class DataSetError extends IssueError {
  override readonly name = 'DataSetError';
  readonly code = 'E_DATA';
}

/** Shorthand for a file error with a single mistake. */
export function fileError(path: string, field: string, wanted: string, got: string): FileFormatError {
  return new FileFormatError([{ path, field, wanted, got }]);
}
