/** The text of a message, and its sentences without code: what a summary is taken from. Pure. */

/** Text of a message's content, thoughts left out. */
export function textOfContent(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .flatMap((part) => {
      if (part?.type === "text" && typeof part.text === "string") return [part.text];
      return part?.type === "image" ? ["[image]"] : [];
    })
    .join("\n");
}

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });
/** Characters of one message that are looked at; sentences of more are none. */
const textLengthMax = 8_000;
const sentenceLengthMax = 400;

/**
 * Sentences of a text that a pattern of words matches, in order, on one line each; code blocks are
 * none. Without a pattern all of them.
 */
export function sentencesOf(text: string, pattern = /(?:)/): string[] {
  const prose = text.slice(0, textLengthMax).replace(/```[\s\S]*?(```|$)/g, "\n");
  const sentences: string[] = [];
  for (const paragraph of prose.split(/\n+/)) {
    // Most paragraphs hold none, and to segment one costs many times a look at it.
    if (!pattern.test(paragraph.replace(/\s+/g, " "))) continue;
    for (const { segment } of segmenter.segment(paragraph)) {
      const sentence = segment
        .replace(/^[\s>*#-]+/, "")
        .replace(/\s+/g, " ")
        .trim();
      const isOne = sentence.length > 12 && sentence.length <= sentenceLengthMax;
      if (isOne && pattern.test(sentence)) sentences.push(sentence);
    }
  }
  return sentences;
}
