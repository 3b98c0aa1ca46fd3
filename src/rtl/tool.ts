import { execFile, execFileSync } from 'node:child_process';
import { RtlError, type VerilogPlace } from './errors.js';

/** What a tool said, and whether it was content. */
interface ToolRun {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs a tool to its end. @throws RtlError when it cannot start */
function start(command: string, args: readonly string[], cwd: string): Promise<ToolRun> {
  return new Promise((done, fail) => {
    execFile(command, args, { cwd, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error !== null && error.code === 'ENOENT')
        fail(new RtlError(`${command}: must be a program on PATH, got nothing of that name`));
      else done({ ok: error === null, output: `${stderr}${stdout}` });
    });
  });
}

/** Runs a tool on Verilog. @throws RtlError with file, line and the tool's words when it refuses */
export async function runTool(
  command: string,
  args: readonly string[],
  cwd: string,
  what: string,
): Promise<string> {
  const { ok, output } = await start(command, args, cwd);
  if (!ok) throw refused(command, what, output);
  return output;
}

const complaints: readonly RegExp[] = [
  /^%Error[^:\n]*: (?<file>[^:\n]+):(?<line>\d+):(?:\d+:)? (?<said>.*)$/m, // Verilator
  /^(?<file>[^:\n]+):(?<line>\d+): ERROR: (?<said>.*)$/m, // Yosys
  /^(?<file>[^:\n]+):(?<line>\d+): (?!warning)(?:error: )?(?<said>.*)$/m, // Icarus
];

/** What a tool refused, by its own words: the first complaint with its place, then all that it printed. */
export function refused(tool: string, what: string, output: string): RtlError {
  for (const complaint of complaints) {
    const groups = complaint.exec(output)?.groups;
    if (groups === undefined) continue;
    const place: VerilogPlace = { file: groups['file']!, line: Number(groups['line']) };
    const head = `${place.file}:${place.line}: ${what} must be accepted by ${tool}, got: ${groups['said']!}`;
    return new RtlError(`${head}\n${output.trim()}`, place, output);
  }
  return new RtlError(`${what} must be accepted by ${tool}, got:\n${output.trim()}`, null, output);
}

/** The first line of what a tool says of its version; null where it cannot start. */
export function toolVersion(command: string, flag: string): string | null {
  try {
    const said = execFileSync(command, [flag], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return said.split('\n', 1)[0]!.trim();
  } catch (error) {
    // Some print their version and then fail: only a tool that cannot start is missing.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    const { stdout } = error as { stdout?: string };
    return stdout?.split('\n', 1)[0]?.trim() ?? '';
  }
}
