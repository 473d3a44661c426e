/**
 * The chosen theme, before anything is painted.
 *
 * Rule: loaded by itself and first, so that nobody who works in the dark is shown a white page; without a choice the
 * system's preference holds, by the style sheet alone.
 */

try {
  const chosen = localStorage.getItem('signalbox-theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be forbidden; the preference of the system holds.
}
