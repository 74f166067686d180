// The chat widget: <script src="https://YOUR-DESKHAND/widget.js" defer></script> on any page.
// A round button opens the chat in an iframe. Nothing of the page is read, nothing is stored in it.
// window.Deskhand: open(), close(), and ask(text) on pages of the same server.
(() => {
  "use strict";
  if (window.Deskhand) return;
  const base = new URL(document.currentScript.src).origin;

  const css = `
    :host { all: initial; }
    button {
      position: fixed; right: 24px; bottom: 24px; z-index: 2147483000;
      display: grid; place-items: center; width: 60px; height: 60px; padding: 0;
      border: 0; border-radius: 50%; background: #17614f; color: #fff; cursor: pointer;
      box-shadow: 0 6px 24px rgb(10 40 30 / 28%); transition: transform .15s ease;
    }
    button:hover { transform: scale(1.05); }
    button:focus-visible { outline: 3px solid #7cc9b3; outline-offset: 3px; }
    svg { width: 28px; height: 28px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
    iframe {
      position: fixed; right: 24px; bottom: 100px; z-index: 2147483000;
      width: 400px; height: min(640px, calc(100vh - 124px)); border: 0; border-radius: 20px;
      background: transparent; box-shadow: 0 16px 48px rgb(10 30 25 / 24%); color-scheme: normal;
    }
    [hidden] { display: none; }
    @media (max-width: 520px) {
      iframe { inset: 0; width: 100%; height: 100%; border-radius: 0; }
      button[aria-expanded="true"] { display: none; }
    }
    @media (prefers-reduced-motion: reduce) { button { transition: none; } }
  `;
  const bubble = '<path d="M4 5h16a1.500 1.500 0 0 1 1.500 1.500v9A1.500 1.500 0 0 1 20 17h-8l-5 4v-4H4a1.500 1.500 0 0 1-1.500-1.500v-9A1.500 1.500 0 0 1 4 5z"/><path d="M7.500 11h.01M12 11h.01M16.500 11h.01"/>';
  const cross = '<path d="M6 6l12 12M18 6L6 18"/>';

  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];

  const button = document.createElement("button");
  button.type = "button";
  root.append(button);

  let frame = null;
  let ready = false;
  let waiting = [];

  function show(isOpen) {
    if (isOpen && !frame) {
      frame = document.createElement("iframe");
      frame.src = `${base}/chat`;
      frame.title = "Chat with our assistant";
      root.prepend(frame);
    }
    if (frame) frame.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    button.setAttribute("aria-label", isOpen ? "Close the chat" : "Open the chat");
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true">${isOpen ? cross : bubble}</svg>`;
    if (isOpen && ready) focusChat();
  }

  function focusChat() {
    frame.focus(); // the frame first: its input is not given the keys before
    send({ deskhand: "focus" });
  }

  function send(message) {
    if (ready) frame.contentWindow.postMessage(message, base);
    else waiting.push(message);
  }

  window.addEventListener("message", (event) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== base) return;
    if (event.data.deskhand === "ready") {
      ready = true;
      if (!frame.hidden) focusChat();
      waiting.forEach(send);
      waiting = [];
    } else if (event.data.deskhand === "close") {
      show(false);
      button.focus();
    }
  });
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && frame && !frame.hidden) show(false);
  });
  button.addEventListener("click", () => show(!frame || frame.hidden));

  window.Deskhand = {
    open: () => show(true),
    close: () => show(false),
    ask: (text) => {
      show(true);
      send({ deskhand: "ask", text: String(text) });
    },
  };
  show(false);
  document.body.append(host);
})();
