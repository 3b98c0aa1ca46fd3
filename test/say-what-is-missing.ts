import { spawnSync } from 'node:child_process';
import { engineReport } from '../src/rtl/engines.js';
import { engineAvailable } from './rtl/engines.js';
import { missingPeer, PEER_TOOLS } from './trace/vcd/peer-tools.js';

/** Before the suite: one line for each tool that is not here, with what is skipped for it and how to get it. */
export default function sayWhatIsMissing(): void {
  for (const engine of ['icarus', 'verilator'] as const) {
    const { available, note } = engineAvailable(engine);
    if (!available)
      process.stdout.write(
        `skipped: comparisons with the Verilog twins and reading dumps in ${engine}: ${note}\n`,
      );
  }
  for (const { tool, skipped } of PEER_TOOLS) {
    const missing = missingPeer(tool);
    if (missing !== null) process.stdout.write(`skipped: ${skipped}: ${missing}\n`);
  }
  const wasm = engineReport('wasm');
  if (!wasm.found) process.stdout.write(`skipped: Verilog in WebAssembly: ${wasm.note}; ${wasm.install}\n`);
  if (spawnSync('vcd2fst', ['--help']).error !== undefined)
    process.stdout.write(
      'skipped: reading our VCD with GTKWave: vcd2fst is missing (apt-get install gtkwave)\n',
    );
}
