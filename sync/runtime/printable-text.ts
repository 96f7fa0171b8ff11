// Control characters except tab and line feed, and characters that reorder or hide text.
const UNPRINTABLE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * Returns a text that is safe on a terminal: escape sequences in a name or annotation could rewrite lines. Each unprintable
 * character is written as `\\u001b` for example, which JSON reads as the same character.
 */
export function toPrintableText(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Returns a text of up to `maxCharacters`. A longer one ends with the number of its characters. */
export function shortenText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  // A cut may leave the first half of a surrogate pair.
  const start = text.slice(0, maxCharacters).replace(/[\ud800-\udbff]$/, "");
  return `${start}… (${text.length} characters)`;
}
