/**
 * Light or dark: the system's preference, until somebody chooses.
 *
 * Rule: the choice is kept in localStorage and taken up by theme.ts before the next page is painted.
 */

import { useState } from 'preact/hooks';

function shown(): 'light' | 'dark' {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

export function ThemeSwitch() {
  const [theme, setTheme] = useState(shown);
  const other = theme === 'dark' ? 'light' : 'dark';
  const turn = (): void => {
    document.documentElement.dataset.theme = other;
    try {
      localStorage.setItem('signalbox-theme', other);
    } catch {
      // Then it holds for this visit.
    }
    setTheme(other);
  };
  return (
    <button
      type="button"
      class="quiet"
      aria-label={`Switch to ${other} colours`}
      title={`Switch to ${other} colours`}
      onClick={turn}
    >
      {theme === 'dark' ? '☀' : '☾'}
    </button>
  );
}
