/**
 * Two long texts that no torn or mixed file can be taken for; one process writes them, another one compares.
 */

export function textOf(name: 'A' | 'B'): string {
  return `# ${name}\n${`${name} `.repeat(500_000)}\n# end of ${name}\n`;
}
