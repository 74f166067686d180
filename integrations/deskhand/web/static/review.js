// The review console's keys and focus. Everything else is htmx and the server.
//   A approve   C correct   Ctrl+Enter save   R reject   U undo   J / K next, previous   Esc leaves the editor
"use strict";

const panel = document.getElementById("console");
const offline = document.getElementById("offline");

function press(key) {
  const target = panel.querySelector(`[data-key="${key}"]`);
  if (!target || target.disabled) return false;
  target.click();
  return true;
}

function openEditor() {
  const editor = panel.querySelector(".editor");
  editor.hidden = false;
  panel.querySelector(".acts").hidden = true;
  const text = editor.querySelector("textarea");
  text.focus({ preventScroll: true });
  text.setSelectionRange(text.value.length, text.value.length);
  editor.scrollIntoView({ block: "end" });
}

function closeEditor() {
  panel.querySelector(".editor").hidden = true;
  panel.querySelector(".acts").hidden = false;
  document.getElementById("item").focus();
}

function step(by) {
  const links = [...panel.querySelectorAll(".list a")];
  const here = links.findIndex((link) => link.hasAttribute("aria-current"));
  links[here + by]?.click();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("textarea, input");
  if (typing) {
    if (event.key === "Escape") closeEditor();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && typing.tagName === "TEXTAREA") press("save");
    if (event.key === "Enter" && typing.tagName === "INPUT") event.preventDefault(); // a note is not yet a decision
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const key = event.key.toLowerCase();
  if (key === "j") step(1);
  else if (key === "k") step(-1);
  else if (!["a", "c", "r", "u"].includes(key) || !press(key)) return;
  event.preventDefault();
});

panel.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]")?.dataset.key;
  if (key === "c") openEditor();
  if (key === "cancel") closeEditor();
});

document.addEventListener("submit", (event) => event.preventDefault()); // decisions go through htmx alone

panel.addEventListener("htmx:afterSwap", () => {
  offline.hidden = true;
  if (panel.querySelector(".editor:not([hidden])")) openEditor();
  else document.getElementById("item").focus({ preventScroll: true });
  panel.querySelector(".list [aria-current]")?.scrollIntoView({ block: "nearest" });
});

function complain(text) {
  offline.textContent = text;
  offline.hidden = false;
}

document.addEventListener("htmx:sendError", () => complain("The server cannot be reached. Nothing was saved; try again."));
document.addEventListener("htmx:responseError", (event) =>
  complain(`Not saved: the server answered ${event.detail.xhr.status}. Reload the page and try again.`));
