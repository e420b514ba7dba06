/** Asks for the API token, where the service has one. It is handed on and kept nowhere here. */
import { button, h } from "./dom.js";

export function askForToken(isWrong: boolean): Promise<string> {
  return new Promise((resolve) => {
    const input = h("input", {
      type: "password",
      id: "token",
      autocomplete: "off",
      spellcheck: "false",
      required: true,
      "aria-describedby": "token-note",
    });
    const note = isWrong
      ? h("p", { id: "token-note", class: "wrong", role: "alert" }, "The service does not take this token.")
      : h(
          "p",
          { id: "token-note", class: "quiet" },
          "It stays in this page's memory, and is gone when you close or reload it.",
        );
    const send = (event?: Event): void => {
      event?.preventDefault();
      const text = input.value.trim();
      if (text === "") {
        input.focus();
        return;
      }
      dialog.close();
      dialog.remove();
      resolve(text);
    };
    const dialog = h(
      "dialog",
      // Without a token there is nothing to show: Escape does not close it.
      { class: "dialog", "aria-labelledby": "token-title", cancel: (event) => event.preventDefault() },
      h(
        "form",
        { submit: send },
        h("h2", { id: "token-title" }, "This service needs a token"),
        h("p", {}, "Enter its API token (RESIDUA_API_TOKEN) to see models and to score."),
        h("label", { for: "token" }, "API token"),
        input,
        note,
        h(
          "div",
          { class: "row end" },
          button("Continue", () => send(), { class: "primary" }),
        ),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}
