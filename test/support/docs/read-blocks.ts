// The fenced code blocks of a document, in their order.

export interface Block {
  readonly language: string;
  readonly text: string;
  /** heading that it stands under */
  readonly section: string;
}

export function readBlocks(markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  let section = '';
  for (const [, heading, language = '', text = ''] of markdown.matchAll(/^#+ (.+)$|^```(\w+)\n([^]*?)^```$/gm)) {
    if (heading === undefined) blocks.push({ language, text, section });
    else section = heading;
  }
  return blocks;
}

/** The commands of `sh` blocks: one per line, continued lines joined. */
export function commandsOf(blocks: readonly Block[]): readonly string[] {
  return blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.replaceAll(/\\\n\s*/g, '').split('\n'))
    .filter((line) => line !== '' && !line.startsWith('#'));
}
