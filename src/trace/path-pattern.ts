/**
 * Patterns over paths of modules, in the way of globs: `*` stands for any characters but dots, `**` for any at all, dots
 * included; everything else for itself, brackets too (they are indices in our names).
 *
 * `gupta` is that module alone, `gupta.*` the modules right below it, `gupta.**` all below it, `gupta.round[*]` its rounding units.
 */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const expressions = patterns.map(
    (pattern) =>
      new RegExp(
        `^${pattern
          .split('**')
          .map((part) => part.split('*').map(literal).join('[^.]*'))
          .join('.*')}$`,
      ),
  );
  return (path) => expressions.some((expression) => expression.test(path));
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
