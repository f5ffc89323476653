// Everything works without this script; it adds copying by button, keeps a form from being sent twice, and shows how far
// something has come that goes on.
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
const goingOn = document.querySelector("[data-progress]");
if (goingOn && "EventSource" in window) {
  addEventListener("load", () => {
    // The page would load itself again by its header; from here on it does when there is something new.
    stop();
    const bar = goingOn.querySelector("progress");
    const said = goingOn.querySelector("[role=status]");
    const events = new EventSource(goingOn.dataset.progress);
    let saidAt = 0;
    events.addEventListener("progress", (event) => {
      const { done, of, says } = JSON.parse(event.data);
      if (of) [bar.max, bar.value] = [of, done];
      if (Date.now() - saidAt < 5000) return;
      [said.textContent, saidAt] = [says, Date.now()];
    });
    events.addEventListener("done", () => {
      events.close();
      location.reload();
    });
    events.addEventListener("error", () => {
      events.close();
      setTimeout(() => location.reload(), 3000);
    });
  });
}
