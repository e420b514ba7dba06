/** Tells a screen reader what changed, without moving the focus. */
export function announce(text: string): void {
  document.getElementById("announcer")!.textContent = text;
}
