import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Files that belong to the project: in the repository, or new and not ignored. Without git, none. */
export function projectFiles(): string[] {
  try {
    const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
    return execFileSync('git', list, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .split('\0')
      .filter((file) => file !== '');
  } catch {
    return [];
  }
}

export const read = (file: string): string =>
  readFileSync(new URL(file, new URL('../../', import.meta.url)), 'utf8');

/** A fenced block: the words behind its fence, and its text. */
export interface Block {
  readonly file: string;
  readonly info: string;
  readonly text: string;
}

export function blocks(file: string): Block[] {
  const found: Block[] = [];
  let open: { info: string; lines: string[] } | null = null;
  for (const line of read(file).split('\n')) {
    if (!line.startsWith('```')) open?.lines.push(line);
    else if (open === null) open = { info: line.slice(3).trim(), lines: [] };
    else {
      found.push({ file, info: open.info, text: open.lines.join('\n') });
      open = null;
    }
  }
  return found;
}

/** The text without fenced blocks. */
const prose = (file: string): string => read(file).replace(/^```[\s\S]*?^```$/gm, '');

/** Targets of links that stay within the project, without what stands behind `#`. */
export function links(file: string): { readonly target: string; readonly anchor: string }[] {
  return [...prose(file).matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1]!)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((link) => {
      const [target = '', anchor = ''] = link.split('#');
      return { target, anchor };
    });
}

/** Headings as the web names them in links. */
export const anchors = (file: string): string[] =>
  [...prose(file).matchAll(/^#+ (.*)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Every command in a document: lines of `sh` blocks and whole code spans. */
export function commands(file: string): string[] {
  const lines = blocks(file)
    .filter(({ info }) => info.split(' ')[0] === 'sh')
    .flatMap(({ text }) => text.split('\n'));
  const spans = [...prose(file).matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
  return [...lines, ...spans].map((line) => line.trim()).filter((line) => line !== '');
}
