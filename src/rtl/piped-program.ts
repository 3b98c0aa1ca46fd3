import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RtlError } from './errors.js';

/** Both ends of a pipe that block, which Node gives for named pipes only. */
function openPipe(folder: string, name: string): { readonly read: number; readonly write: number } {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  // Opened for both, it does not wait for the other end; then the two ends find each other.
  const both = openSync(path, 'r+');
  const read = openSync(path, 'r');
  const write = openSync(path, 'w');
  closeSync(both);
  return { read, write };
}

/**
 * A program that is asked and answers, in step: what is sent goes to its stdin, and {@link receive} waits for what it writes to
 * descriptor 3. Synchronous, over named pipes. Its stdout goes to our stderr.
 *
 * Storage  A folder in the temporary one for stderr and what the program writes; gone at {@link close}.
 * Errors   RtlError with what the program printed on stderr, when it has ended.
 */
export class PipedProgram {
  readonly folder = mkdtempSync(join(tmpdir(), 'marblewave-rtl-'));
  private readonly child: ChildProcess;
  private readonly requests: number;
  private readonly answers: number;
  private closed = false;

  constructor(
    private readonly name: string,
    command: string,
    args: readonly string[],
  ) {
    const requests = openPipe(this.folder, 'requests');
    const answers = openPipe(this.folder, 'answers');
    const stderr = openSync(join(this.folder, 'stderr'), 'w');
    this.child = spawn(command, args, {
      cwd: this.folder,
      stdio: [requests.read, process.stderr.fd, stderr, answers.write],
    });
    // A program that did not start shows as an end of its answers.
    this.child.on('error', () => {});
    this.child.unref();
    for (const descriptor of [requests.read, answers.write, stderr]) closeSync(descriptor);
    this.requests = requests.write;
    this.answers = answers.read;
  }

  send(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.requests, bytes, at);
    } catch {
      throw this.ended();
    }
  }

  /** Waits for at least one byte and takes what fits; returns how many came. */
  receive(into: Uint8Array): number {
    const got = readSync(this.answers, into);
    if (got === 0) throw this.ended();
    return got;
  }

  /** Waits until `into` is full. */
  fill(into: Uint8Array): void {
    for (let at = 0; at < into.length;) at += this.receive(into.subarray(at));
  }

  private ended(): RtlError {
    const said = readFileSync(join(this.folder, 'stderr'), 'utf8').trim();
    return new RtlError(
      `${this.name}: the simulation must go on, got ${said === '' ? 'its end' : said}`,
      null,
      said,
    );
  }

  /** Ends the program and removes its folder. `finish` is done once it has ended. */
  close(finish: () => void = () => {}): void {
    if (this.closed) return;
    this.closed = true;
    closeSync(this.requests);
    const rest = new Uint8Array(65_536);
    while (readSync(this.answers, rest) > 0);
    closeSync(this.answers);
    try {
      finish();
    } finally {
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}
