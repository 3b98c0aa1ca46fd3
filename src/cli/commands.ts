/** Commands and what they are for, in the order in which help lists them. */
export const commands = {
  run: 'classify images on a simulated machine, cycle by cycle',
  dram: 'run a request trace through the DDR3 controller alone',
  trace: 'look into a recorded run: show, export, cut, merge, verify',
  diff: 'compare two waveforms: the first difference, and all signals that differ',
  scenario: 'run a study over a grid of parameters: tables, plots, expectations',
  list: 'networks, machines and scenarios that there are',
  completion: 'completion script for bash, zsh or fish',
} as const;
