/** The README's picture of a run: what `npm start` prints, less the legend of causes, behind a prompt. */
export function runPicture(stdout: string): string {
  const kept: string[] = [];
  for (const line of stdout.trimEnd().split('\n')) {
    // `control  configuring the layer, …`: the legend is in docs/output.md.
    if (/^(?:control|tail|(?:DRAM|wait)-[AB]|output|drain|issue):? +[a-z]/.test(line)) continue;
    if (line.startsWith('saturated: ')) continue;
    kept.push(line);
  }
  return ['$ npm start', '', ...kept].join('\n').replace(/\n{3,}/g, '\n\n');
}

/** A document with the text of its first `text` block replaced. */
export function withPicture(document: string, picture: string): string {
  return document.replace(/^```text\n[\s\S]*?^```$/m, () => `\`\`\`text\n${picture}\n\`\`\``);
}
