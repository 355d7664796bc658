/** Numbers for people. */

export const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

/** Short times in ms, longer ones in s. */
export const duration = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : seconds(ms));

export function bytes(count) {
  if (count < 1000) return `${count} B`;
  return count < 1e6 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}
