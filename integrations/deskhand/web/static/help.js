// The help-centre page: its questions go to the widget.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-ask]");
  if (button) window.Deskhand.ask(button.dataset.ask);
});

document.getElementById("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = event.target.elements.question;
  window.Deskhand.ask(question.value);
  question.value = "";
});
