/** marblewave: kernel, numbers, components, machines, networks and runs, for scripts and tools. */
export * from './kernel/index.js';
