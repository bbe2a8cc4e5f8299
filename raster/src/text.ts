/** Text from a file, for people: control characters, which a terminal would obey and no metadata can hold, become a space. */
export const cleanText = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').trim();
