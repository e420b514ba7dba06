/** The script of /docs. It is served as a file, since the page's Content-Security-Policy takes no script inside a page. */

/** Where the page keeps the token: until its tab is closed. */
const TOKEN_KEY = "residua-token";

/** Shows the OpenAPI document in Swagger UI, and asks for a token first where the service wants one. */
export const DOCS_SCRIPT = `"use strict";
const place = document.getElementById("swagger-ui");
const documentUrl = location.pathname.replace(/\\/?$/, "/json");

async function start() {
  const token = sessionStorage.getItem("${TOKEN_KEY}");
  const headers = token === null ? {} : { authorization: "Bearer " + token };
  const response = await fetch(documentUrl, { headers });
  if (response.status === 401) return askForToken(token !== null);
  const ui = SwaggerUIBundle({
    domNode: place,
    spec: await response.json(),
    deepLinking: true,
    presets: [SwaggerUIBundle.presets.apis],
    validatorUrl: null,
    onComplete: () => token !== null && ui.preauthorizeApiKey("bearer", token),
  });
}

function askForToken(wasWrong) {
  const form = document.createElement("form");
  const label = document.createElement("label");
  label.textContent = (wasWrong ? "That is not a token of this service. " : "") + "Token of this service: ";
  const input = Object.assign(document.createElement("input"), { type: "password", name: "token", required: true });
  const button = Object.assign(document.createElement("button"), { textContent: "Show" });
  label.append(input);
  form.append(label, " ", button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem("${TOKEN_KEY}", input.value.trim());
    form.remove();
    start();
  });
  place.before(form);
  input.focus();
}

// Instead of the page's own start, which sends no token.
window.onload = start;
`;
