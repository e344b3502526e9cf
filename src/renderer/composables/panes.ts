/** Panes in reading order carry `data-pane`; F6 moves between them. */
export function focusPane(step: -1 | 1): void {
  const panes = [...document.querySelectorAll<HTMLElement>('[data-pane]')].filter((pane) => pane.offsetParent !== null);
  const at = panes.findIndex((pane) => pane.contains(document.activeElement));
  const from = at === -1 && step === -1 ? 0 : at;
  const pane = panes[(from + step + panes.length) % panes.length];
  const target = pane?.querySelector<HTMLElement>('[tabindex="0"], input, button:not(:disabled):not([tabindex="-1"])');
  (target ?? pane)?.focus();
}
