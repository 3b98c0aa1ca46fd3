import { spawnSync } from 'node:child_process';

/** What the comparisons of waveforms need besides the simulators of the twins, with Debian's packages. */
export const PEER_TOOLS = [
  { tool: 'ghdl', package: 'ghdl', skipped: 'reading dumps of GHDL' },
  { tool: 'vcd2fst', package: 'gtkwave', skipped: 'reading our VCD with GTKWave' },
  { tool: 'sigrok-cli', package: 'sigrok-cli', skipped: 'reading our VCD with sigrok' },
] as const;

export type PeerTool = (typeof PEER_TOOLS)[number]['tool'];

/** What is missing here, in words; null when the tool is there. */
export function missingPeer(tool: PeerTool): string | null {
  if (spawnSync(tool, ['--help']).error === undefined) return null;
  const { package: name } = PEER_TOOLS.find((peer) => peer.tool === tool)!;
  return `${tool} is missing (apt-get install ${name})`;
}
