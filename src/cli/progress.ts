/** Least time between two redraws, ms. */
const REDRAW_MS = 80;
/** Least time between two plain lines where nothing can be redrawn, ms. */
const LINE_MS = 5_000;

/** Progress on stderr: a line that redraws itself on a terminal, a plain line now and then elsewhere. */
export class Progress {
  private readonly live = process.stderr.isTTY && process.env['CI'] === undefined;
  private latest = Date.now();
  private drawn = false;

  show(text: string): void {
    const now = Date.now();
    if (now - this.latest < (this.live ? REDRAW_MS : LINE_MS)) return;
    this.latest = now;
    if (this.live) process.stderr.write(`\r\x1b[2K${text}`);
    else process.stderr.write(`${text}\n`);
    this.drawn = true;
  }

  /** Removes the line that redraws itself. */
  clear(): void {
    if (this.live && this.drawn) process.stderr.write('\r\x1b[2K');
    this.drawn = false;
  }
}
