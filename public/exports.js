/** A conversation as a file. */
import { asText } from './answer.js';
import { partialText } from './message.js';

export function asMarkdown({ title, messages }) {
  const parts = [`# ${title}`];
  for (const message of messages) {
    if (message.role === 'user') {
      parts.push(message.content.replace(/^/gm, '> '));
    } else {
      const partial = partialText(message);
      parts.push(asText(message), partial && `*${partial}*`);
    }
  }
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

export const asJson = (conversation) => `${JSON.stringify(conversation, null, 2)}\n`;

export function download(name, type, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  // Not at once: the download has not begun to read it yet.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A title as a file may be called everywhere. */
export const fileName = (title) => title.replace(/[\\/:*?"<>|\s]+/g, '-').slice(0, 60) || 'rivulet';
