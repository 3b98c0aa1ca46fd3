/** An element of an XML document. */
export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescape(text: string): string {
  if (/[<]/.test(text)) throw new Error(`bare < in ${text}`);
  return text.replace(/&([^;]*)(;?)/g, (whole, name: string, end: string) => {
    const number = /^#(\d+)$/.exec(name);
    const character = number === null ? NAMED[name] : String.fromCodePoint(Number(number[1]));
    if (end === '' || character === undefined) throw new Error(`no entity: ${whole}`);
    return character;
  });
}

/** Reads a small XML document, strictly: one root, tags that match, entities that exist, attributes once each. */
export function parseXml(document: string): Element {
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(document)) throw new Error('a control character');
  const text = document.replace(/^<\?xml[^?]*\?>\s*/, '');
  const root: Element = { tag: '', attributes: {}, children: [], text: '' };
  const open = [root];
  let at = 0;
  while (at < text.length) {
    const top = open.at(-1)!;
    if (text[at] !== '<') {
      const end = text.indexOf('<', at) < 0 ? text.length : text.indexOf('<', at);
      top.text += unescape(text.slice(at, end));
      at = end;
      continue;
    }
    const tag = /^<(\/?)([\w:-]+)((?:\s+[\w:-]+="[^"]*")*)\s*(\/?)>/.exec(text.slice(at));
    if (tag === null) throw new Error(`no tag: ${text.slice(at, at + 40)}`);
    at += tag[0].length;
    const [, closing, name, attributes, empty] = tag;
    if (closing === '/') {
      if (open.pop()!.tag !== name) throw new Error(`</${name}> closes <${top.tag}>`);
      continue;
    }
    const element: Element = { tag: name!, attributes: attributesOf(attributes!), children: [], text: '' };
    top.children.push(element);
    if (empty !== '/') open.push(element);
  }
  if (open.length !== 1 || root.children.length !== 1) throw new Error('not one whole element');
  return root.children[0]!;
}

function attributesOf(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/([\w:-]+)="([^"]*)"/g)) {
    if (Object.hasOwn(found, name!)) throw new Error(`${name} twice`);
    found[name!] = unescape(value!);
  }
  return found;
}
