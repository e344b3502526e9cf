import { SaxesParser } from 'saxes';
import { AnnexError } from '../../../shared/contract/errors.js';

/** An element of an XML document. Names are local: without their namespace prefix. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Character data directly in it, blanks at both ends removed. */
  readonly text: string;
}

/** Bounds on what a hostile document can make us keep. */
const MAX_TEXT = 4 << 20;
const MAX_DEPTH = 64;
const MAX_ELEMENTS = 50_000;

interface OpenElement {
  readonly name: string;
  readonly attributes: Map<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/**
 * Reads a document. Document types are refused, so no entity but XML's own five is ever expanded.
 * @param name what the document is called in messages
 * @throws AnnexError `appliance-invalid`
 */
export function parseXml(text: string, name: string): XmlElement {
  if (text.length > MAX_TEXT) throw invalidXml(name, 'it is too long');
  const parser = new SaxesParser({ xmlns: true, fragment: false });
  const open: OpenElement[] = [{ name: '', attributes: new Map(), children: [], text: '' }];
  let elements = 0;
  const fail = (why: string): never => {
    throw invalidXml(name, why);
  };
  parser.on('error', (error) => fail(error.message.slice(0, 200)));
  parser.on('doctype', () => fail('it has a document type'));
  parser.on('opentag', (tag) => {
    if (open.length > MAX_DEPTH || ++elements > MAX_ELEMENTS) fail('it is too deeply nested or too long');
    const attributes = new Map(Object.values(tag.attributes).map(({ local, value }) => [local, value]));
    open.push({ name: tag.local, attributes, children: [], text: '' });
  });
  const addText = (part: string): void => {
    open.at(-1)!.text += part;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const { text: content, ...element } = open.pop()!;
    open.at(-1)!.children.push({ ...element, text: content.trim() });
  });
  parser.write(text).close();
  return open[0]!.children[0] ?? fail('it is empty');
}

function invalidXml(name: string, why: string): AnnexError {
  return new AnnexError('appliance-invalid', `“${name}” cannot be read: ${why}.`, { name });
}

export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((candidate) => candidate.name === name);
}

export function children(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((candidate) => candidate.name === name) ?? [];
}

/** Every element of that name below, in document order. */
export function descendants(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap((one) => [...(one.name === name ? [one] : []), ...descendants(one, name)]);
}

/** Text as it stands in a document, between tags or in a quoted attribute. */
export function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  // Control characters but tab and newline have no place in XML 1.0.
  return text.replace(/[^\P{Cc}\t\n]/gu, '').replace(/[&<>"]/g, (char) => entities[char]!);
}
