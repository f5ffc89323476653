// Everything works without this script; it adds copying by button, and keeps a form from being sent twice.
"use strict";
for (const button of document.querySelectorAll("button[data-copies]")) {
  const from = document.getElementById(button.dataset.copies);
  const said = document.getElementById(button.dataset.says);
  if (!from || !navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (said) said.textContent = "";
    await navigator.clipboard.writeText("value" in from ? from.value : from.textContent);
    if (said) said.textContent = button.dataset.copied;
  });
}
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
