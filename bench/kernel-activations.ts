import { type ChildProcess, execFileSync, fork, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bench, type BenchResult, median, short } from './harness.js';
import { MODULES, type Round, WARM_UP } from './kernel-rounds.js';

/**
 * Starts the kernel's half of the comparison as users run it: compiled by tsc, on plain Node. (Under tsx, which compiles on the
 * fly, the same code runs some 15 % slower.)
 */
function startMarblewave(): ChildProcess {
  const root = fileURLToPath(new URL('../', import.meta.url));
  const out = join(root, 'node_modules/.cache/marblewave-bench');
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'package.json'), '{ "type": "module" }\n');
  const options = ['--ignoreConfig', '--target', 'ES2022', '--module', 'NodeNext', '--types', 'node'];
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(
    process.execPath,
    [compiler, 'bench/kernel-rounds.ts', '--outDir', out, '--rootDir', root, '--skipLibCheck', ...options],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return fork(join(out, 'bench/kernel-rounds.js'), { execArgv: [], env: withoutNodeOptions() });
}

function withoutNodeOptions(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return env;
}

/** One timed round of a freshly built design. */
function marblewaveRound(child: ChildProcess, cycles: number): Promise<Round> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the kernel's process ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (round) => {
      child.off('exit', ended);
      resolve(round as Round);
    });
    child.send(cycles);
  });
}

/** The compiled SystemC program, or why there is none. */
function buildSystemC(folder: string): { program: string } | { skipped: string } {
  if (spawnSync('g++', ['--version']).status !== 0) return { skipped: 'there is no g++ here' };
  const home = process.env['SYSTEMC_HOME'];
  const include = home === undefined ? '/usr/include' : join(home, 'include');
  if (!existsSync(join(include, 'systemc.h'))) return { skipped: `there is no systemc.h in ${include}` };
  const program = join(folder, 'activations');
  const source = new URL('systemc/activations.cpp', import.meta.url).pathname;
  const paths =
    home === undefined ? [] : [`-I${include}`, `-L${join(home, 'lib')}`, `-Wl,-rpath,${join(home, 'lib')}`];
  const built = spawnSync('g++', ['-O3', '-o', program, source, ...paths, '-lsystemc'], { encoding: 'utf8' });
  if (built.status !== 0) return { skipped: `g++ failed: ${built.stderr.split('\n')[0]}` };
  return { program };
}

function systemCRound(program: string, cycles: number): Round {
  const out = execFileSync(program, [String(MODULES), String(WARM_UP), String(cycles)], {
    encoding: 'utf8',
    env: { ...process.env, SYSTEMC_DISABLE_COPYRIGHT_MESSAGE: '1' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [seconds, activations, checksum] = out.trim().split('\n').at(-1)!.split(' ').map(Number);
  return { perSecond: activations! / seconds!, activations: activations!, checksum: checksum! };
}

async function run(quick: boolean): Promise<BenchResult> {
  const cycles = 12_000;
  const rounds = quick ? 5 : 21;
  const folder = mkdtempSync(join(tmpdir(), 'marblewave-bench-'));
  let child: ChildProcess | null = null;
  try {
    const built = buildSystemC(folder);
    child = startMarblewave();
    // The first round also warms the compiler up.
    const first = await marblewaveRound(child, cycles);
    const ours: number[] = [];
    const theirs: number[] = [];
    const notes = [
      `${MODULES} registers and ${MODULES} combinational processes in 8 classes, ${cycles} cycles a round, ${rounds} rounds`,
    ];
    for (let i = 0; i < rounds; i++) {
      // Alternating which goes first, so that a machine that slows down or speeds up favours neither.
      const order = i % 2 === 0 ? ['ours', 'theirs'] : ['theirs', 'ours'];
      for (const who of order) {
        if (who === 'theirs' && !('program' in built)) continue;
        const round =
          who === 'ours' || !('program' in built)
            ? await marblewaveRound(child, cycles)
            : systemCRound(built.program, cycles);
        if (round.checksum !== first.checksum || round.activations !== first.activations)
          throw new Error(
            `${who}: checksum ${round.checksum} and ${round.activations} activations, not ${first.checksum} and ${first.activations}`,
          );
        (who === 'ours' ? ours : theirs).push(round.perSecond);
      }
    }
    const figures = [{ name: 'marblewave', value: median(ours), unit: 'activations/s' }];
    if ('skipped' in built) {
      notes.push(`comparison with SystemC skipped: ${built.skipped}`);
      return { figures, goals: [], notes };
    }
    const ratios = ours.map((value, i) => value / theirs[i]!);
    figures.push({ name: 'SystemC', value: median(theirs), unit: 'activations/s' });
    figures.push({ name: 'marblewave / SystemC', value: median(ratios), unit: 'ratio, median of pairs' });
    notes.push(
      `pairs: ${ratios.map((r) => r.toFixed(2)).join(' ')}; both end with checksum ${first.checksum} after ${short(first.activations)} activations a round`,
    );
    const wanted = 'as many process activations a second as SystemC, same design';
    return { figures, goals: [{ wanted, got: median(ratios), atLeast: 1 }], notes };
  } finally {
    child?.kill();
    rmSync(folder, { recursive: true });
  }
}

/** Is the kernel as quick as SystemC's on the same design? */
export const kernelActivations: Bench = {
  name: 'kernel-activations',
  question: 'How many processes a second does the kernel run, and how many does SystemC on the same design?',
  run,
};
