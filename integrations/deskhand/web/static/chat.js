// The chat page: the deep-chat element over our server-sent events.

const { title, characters } = document.body.dataset;
const announcer = document.getElementById("announcer");
const embedded = window.parent !== window;
const OFFLINE = "We cannot be reached just now. Please check your connection and try again.";

const bubble = { maxWidth: "86%", padding: "10px 14px", borderRadius: "16px", fontSize: "15px", lineHeight: "1.5", marginTop: "10px" };

// All that takes time comes first: the element renders itself a moment after it is made, with what it has by then.
const [history] = await Promise.all([earlier(), customElements.whenDefined("deep-chat")]);

const element = document.createElement("deep-chat");
const text = (string) => Object.assign(document.createElement("span"), { textContent: string }).innerHTML;

Object.assign(element, {
  connect: { stream: true, handler: answer },
  history,
  onComponentRender: rendered,
  introMessage: { text: `Hello! I am the automated assistant of ${title}. What can I do for you?` },
  remarkable: { html: false },
  textInput: {
    characterLimit: Number(characters),
    placeholder: { text: "Write your question…", style: { color: "var(--soft)" } },
    styles: {
      container: {
        width: "100%", margin: "0 14px 12px", border: "1px solid var(--line)", borderRadius: "16px",
        backgroundColor: "var(--page)", boxShadow: "none",
      },
      focus: { border: "1px solid var(--accent)" },
      text: { padding: "12px 46px 12px 16px", fontSize: "15px", color: "var(--ink)" },
    },
  },
  messageStyles: {
    default: {
      shared: { bubble },
      user: { bubble: { backgroundColor: "var(--accent)", color: "var(--accent-ink)", borderBottomRightRadius: "5px" } },
      ai: { bubble: { backgroundColor: "var(--raised)", color: "var(--ink)", borderBottomLeftRadius: "5px" } },
    },
    html: { ai: { bubble: { backgroundColor: "transparent", padding: "0 2px", marginTop: "6px", maxWidth: "100%" } } },
    loading: { message: { styles: { bubble: { backgroundColor: "var(--raised)", padding: "14px 22px 14px 30px" } } } },
  },
  submitButtonStyles: {
    position: "inside-end",
    submit: icon('<path d="M4 12l16-8-5 16-4-6z M11 14l9-10"/>'),
    stop: icon('<path d="M8 8h8v8H8z"/>'),
    loading: icon('<path d="M8 8h8v8H8z"/>'),
  },
  htmlClassUtilities: { thumb: { events: { click: (event) => thumb(event.target.closest(".thumb")) } } },
  auxiliaryStyle: `
    :host { color: var(--ink); }
    #messages { padding: 8px 14px 12px; scrollbar-width: thin; scrollbar-color: var(--line) transparent; }
    .after { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; font-size: 13px; color: var(--soft); }
    .after .source {
      max-width: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; padding: 2px 9px;
      border: 1px solid var(--line); border-radius: 999px; color: var(--soft); text-decoration: none;
    }
    .after a.source { color: var(--accent); }
    .after a.source:hover { border-color: var(--accent); }
    .after .thumb {
      display: inline-grid; place-items: center; width: 30px; height: 26px; padding: 0; border: 1px solid transparent;
      border-radius: 8px; background: none; color: var(--soft); cursor: pointer;
    }
    .after .thumb:hover { background: var(--raised); }
    .after .thumb[aria-pressed="true"] { color: var(--accent); border-color: var(--accent); background: var(--tint); }
    .after svg { width: 16px; height: 16px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linejoin: round; pointer-events: none; }
    .after .down svg { transform: rotate(180deg); }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    .input-button.inside-end { right: 24px; bottom: 20px; color: var(--accent); }
    .input-button.disabled-button { color: var(--soft); }
    .input-button svg { filter: none !important; }
    #text-input:focus-visible { outline: none; }
    @media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
  `,
});
Object.assign(element.style, {
  // With a font of its own here the element does not look for one on the network.
  width: "100%", height: "100%", border: "0", borderRadius: "0", backgroundColor: "var(--surface)", fontFamily: "var(--font)",
});
document.getElementById("chat").append(element);

function icon(path) {
  const content = `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">${path}</svg>`;
  return { svg: { content } };
}

async function earlier() {
  const response = await fetch("/chat/history").catch(() => null);
  if (!response || !response.ok) return [];
  return (await response.json()).map(({ role, content }) => ({ role: role === "user" ? "user" : "ai", text: content }));
}

function send(path, body, signal) {
  return fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });
}

async function answer(body, signals) {
  const stop = new AbortController();
  signals.stopClicked.listener = () => stop.abort();
  signals.onOpen();
  let said = "";
  const say = async (piece) => {
    said += piece;
    await signals.onResponse({ text: piece });
  };
  let done = null;
  try {
    const response = await send("/chat/messages", { text: body.messages.at(-1).text }, stop.signal);
    if (!response.ok) throw new Problem(await complaint(response));
    for await (const event of events(response.body)) {
      if (event.error) throw new Problem(event.error);
      if (event.done) done = event;
      else await say(event.text);
    }
  } catch (error) {
    // A fault is said like an answer: the element's own error messages end a stream in disorder.
    const problem = error instanceof Problem ? error.message : OFFLINE;
    await say((said ? "\n\n" : "") + (stop.signal.aborted ? "(stopped)" : problem));
  }
  signals.onClose();
  announcer.textContent = `${title} says: ${said}`;
  if (done) element.addMessage({ role: "ai", html: after(done) });
}

async function complaint(response) {
  const { error, detail } = await response.json().catch(() => ({}));
  return error ?? (typeof detail === "string" ? detail : OFFLINE);
}

class Problem extends Error {}

async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part.replace(/^data: /, ""));
  }
}

function after({ turn_id: turn, sources }) {
  const labels = sources.map(({ title: name, url }) => url
    ? `<a class="source" href="${text(url).replaceAll('"', "&quot;")}" target="_blank" rel="noopener noreferrer">${text(name)}</a>`
    : `<span class="source">${text(name)}</span>`);
  const hand = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M7 11v9H4v-9zM7 11l4-8c1.700 0 2.700 1.200 2.300 3L12.500 10H19a2 2 0 0 1 2 2.300l-1.200 6A2 2 0 0 1 17.800 20H7"/></svg>';
  const button = (value, label) =>
    `<button type="button" class="thumb ${value}" data-turn="${text(turn)}" data-value="${value}" aria-pressed="false" aria-label="${label}" title="${label}">${hand}</button>`;
  const from = labels.length ? `<span>Based on</span>${labels.join("")}` : "";
  return `<div class="after">${from}${button("up", "This helped")}${button("down", "This did not help")}</div>`;
}

async function thumb(button) {
  const { turn, value } = button.dataset;
  const response = await send("/chat/feedback", { turn_id: turn, value }).catch(() => null);
  if (!response || !response.ok) {
    announcer.textContent = OFFLINE;
    return;
  }
  for (const each of button.parentElement.querySelectorAll(".thumb")) {
    each.setAttribute("aria-pressed", String(each === button));
  }
  announcer.textContent = "Thank you for telling us.";
}

function tell(word) {
  window.parent.postMessage({ deskhand: word }, "*"); // to whatever site embeds us: holds nothing but the word
}

function rendered() {
  element.onComponentRender = null;
  setTimeout(() => { // its methods are there one tick later
    if (embedded) tell("ready");
    else focusInput();
  });
}

function focusInput() {
  element.shadowRoot?.getElementById("text-input")?.focus();
}

document.getElementById("new").addEventListener("click", async () => {
  const response = await fetch("/chat/new", { method: "POST" }).catch(() => null);
  if (response && response.ok) location.reload();
  else announcer.textContent = OFFLINE;
});

if (embedded) {
  const close = document.getElementById("close");
  close.hidden = false;
  close.addEventListener("click", () => tell("close"));
  window.addEventListener("keydown", (event) => event.key === "Escape" && tell("close"));
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent) return;
    if (event.data.deskhand === "focus") focusInput();
    // Only our own pages may ask in the customer's name.
    if (event.data.deskhand === "ask" && event.origin === location.origin) element.submitUserMessage({ text: event.data.text });
  });
}
