// Small helpers on top of pages that work without them. One delegated listener for each kind of event; nothing inline.
"use strict";
const root = document.documentElement;
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const visible = (element) => element.getClientRects().length > 0;
const said = (name, values = {}) => document.getElementById("words").dataset[name].replace(/\{(\w+)\}/g, (_all, key) => values[key]); // in the reader's language
const token = () => $("input[name=csrfmiddlewaretoken]")?.value ?? "";

// ---- clicks: copy, close, dialogs where the browser has no invoker commands
document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest?.(selector);
  const copy = at("[data-copy]");
  if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => say(copy.title + " ✓"));
  at("[data-close-toast]")?.closest("[data-toast]").remove();
  const invoker = at("button[commandfor]");
  if (invoker && !("command" in HTMLButtonElement.prototype)) {
    const dialog = document.getElementById(invoker.getAttribute("commandfor"));
    invoker.getAttribute("command") === "show-modal" ? dialog.showModal() : dialog.close();
  }
  const dialog = at("dialog.modal");
  if (dialog && event.target === dialog) dialog.close(); // a click on the backdrop
  const box = at("tbody input[name=ids]");
  if (box) selectRange(box, event.shiftKey);
});

// ---- a link to a page that may come into a drawer or a dialog instead. The browser traps the focus, closes with Escape and gives the focus back.
document.addEventListener("click", (event) => {
  if (event.target.closest?.("a[data-in]") && (event.ctrlKey || event.metaKey || event.shiftKey)) event.stopPropagation(); // a new tab stays a new tab
}, true);
document.addEventListener("htmx:afterSwap", (event) => {
  const link = event.detail.requestConfig?.elt;
  const frame = link?.matches?.("a[data-in]") && document.getElementById(link.dataset.in);
  if (!frame) return;
  $("h2", frame).textContent = link.dataset.title ?? link.textContent.trim();
  const page = $("[data-page]", frame);
  if (page) { page.href = link.href; page.hidden = false; }
  if (!frame.open) frame.showModal();
});

// ---- popovers open under the button that opened them, where the sheet cannot anchor them
document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (CSS.supports("position-area", "block-end") || event.newState !== "open" || !menu.matches?.(".menu[popover]")) return;
  const box = $(`[popovertarget="${menu.id}"]`)?.getBoundingClientRect();
  if (!box) return;
  const top = box.bottom + 6 + menu.offsetHeight > innerHeight && box.top > menu.offsetHeight ? box.top - menu.offsetHeight - 6 : box.bottom + 6;
  menu.style.insetBlockStart = `${top}px`;
  menu.style.insetInlineStart = `${Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 8))}px`;
}, true);

// ---- selection: shift takes the range, the head takes the page
let lastBox = null;
function selectRange(box, shift) {
  const boxes = $$("input[name=ids]", box.closest("tbody"));
  const from = boxes.indexOf(lastBox);
  if (shift && from >= 0) {
    const to = boxes.indexOf(box);
    boxes.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => { one.checked = box.checked; });
  }
  lastBox = box;
  count(box);
}
function count(box) {
  const card = box.closest(".card") ?? document;
  const boxes = $$("tbody input[name=ids]", card);
  const chosen = boxes.filter((one) => one.checked).length;
  $$("[data-selected]", card).forEach((one) => { one.textContent = chosen; });
  const all = $("[data-select-all]", card);
  if (all) { all.checked = chosen > 0 && chosen === boxes.length; all.indeterminate = chosen > 0 && chosen < boxes.length; }
}
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-select-all]")) return;
  $$("tbody input[name=ids]", event.target.closest(".card") ?? document).forEach((one) => { one.checked = event.target.checked; });
  count(event.target);
});

// ---- light and dark without a reload
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-theme-form]")) return;
  event.preventDefault();
  const chosen = root.dataset.theme;
  const dark = chosen === "dark" || (chosen === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = dark ? "light" : "dark";
  const body = new URLSearchParams({ csrfmiddlewaretoken: token(), theme: root.dataset.theme, background: "1" });
  fetch(form.action, { method: "POST", body, headers: { "X-Background": "1" } });
});

// ---- toasts
function toastRegion() { return document.getElementById("toasts"); }
function say(text, { tone = "success", undo = "", seconds = 5 } = {}) {
  const region = toastRegion();
  if (!region) return;
  const toast = document.createElement("div");
  toast.className = `toast ${tone}`;
  toast.dataset.toast = "";
  toast.dataset.seconds = seconds;
  const words = document.createElement("span");
  words.textContent = text;
  toast.append(words);
  if (undo) {
    const form = document.createElement("form");
    form.method = "post";
    form.action = undo;
    const hidden = document.createElement("input");
    Object.assign(hidden, { type: "hidden", name: "csrfmiddlewaretoken", value: token() });
    const button = document.createElement("button");
    button.className = "btn sm";
    button.dataset.key = "u";
    button.append(`${said("undo")} `, document.createElement("span"));
    button.lastChild.dataset.left = "";
    form.append(hidden, button);
    toast.append(form);
  }
  region.append(toast);
  while (region.children.length > 3) region.firstElementChild.remove();
  countdown(toast);
}
function countdown(toast) {
  if (!toast.closest("#toasts")) return;
  const undo = $("[data-left]", toast);
  let left = Number(toast.dataset.seconds);
  const step = () => {
    if (!toast.isConnected) return;
    if (undo) undo.textContent = `${left} s`;
    const held = !undo && toast.matches(":hover, :focus-within"); // an undo window does not wait
    if (left <= 0 && !held) return toast.remove();
    if (!held) left -= 1;
    setTimeout(step, 1000);
  };
  step();
}
document.addEventListener("toast", (event) => say(event.detail.text, event.detail)); // HX-Trigger: {"toast": {...}}

// ---- keyboard: letters choose and focus, only Ctrl+Enter submits
const typing = (element) => element?.closest?.("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]");
const inDialog = () => $("dialog[open]:modal");
let prefix = "", prefixTimer = 0;

function move(step) {
  const rows = $$("a[data-row]").filter(visible);
  if (!rows.length) return false;
  const here = rows.indexOf(document.activeElement?.closest("tr, li")?.querySelector("a[data-row]"));
  const next = rows[here < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, here + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}
function act(element) {
  if (element.matches("input[type=radio], input[type=checkbox]")) {
    element.focus();
    if (!element.checked || element.type === "checkbox") element.click();
  } else if (element.matches("a, button[type=button], summary")) element.click();
  else { element.focus(); element.select?.(); } // a submit button is only focused
  return true;
}
function digit(number) {
  const select = $$("select[data-digits]").find(visible);
  if (select) {
    const options = [...select.options].filter((one) => !one.disabled && !one.hidden && !one.closest("optgroup")?.disabled && one.value !== "");
    if (!options[number - 1]) return false;
    select.value = options[number - 1].value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    select.focus();
    return true;
  }
  const link = $$("nav[data-digits] a").filter(visible)[number - 1];
  return link ? act(link) : false;
}
function pressed(key) {
  if (prefix) {
    const sequence = `${prefix} ${key}`;
    prefix = "";
    const found = $$("[data-keys]").find((one) => one.dataset.keys === sequence);
    if (found) return act(found);
  }
  if (key === "j") return move(1);
  if (key === "k") return move(-1);
  if (key === "x") {
    const box = document.activeElement?.closest("tr")?.querySelector("input[name=ids]");
    if (box) { box.click(); return true; }
  }
  if (/^[1-9]$/.test(key)) return digit(Number(key));
  const found = $$("[data-key]").find((one) => one.dataset.key.toLowerCase() === key && !one.disabled && (visible(one) || key === "?"));
  if (found) return act(found);
  if ($(`[data-keys^="${CSS.escape(key)} "]`)) {
    prefix = key;
    clearTimeout(prefixTimer);
    prefixTimer = setTimeout(() => { prefix = ""; }, 1200);
    return true;
  }
  return false;
}
document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    const form = document.activeElement?.closest("form") ?? $$("form[data-ctrl-enter]").find(visible);
    if (!form || form.method === "dialog") return;
    event.preventDefault();
    const button = $("button.primary:not([type=button])", form) ?? $("button:not([type=button])", form);
    if (!button?.disabled) form.requestSubmit(button ?? undefined);
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    const box = document.getElementById("q-top");
    if (palette) { event.preventDefault(); openPalette(); }
    else if (box) { event.preventDefault(); box.focus(); box.select(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
  if (root.dataset.shortcuts === "off" || typing(event.target) || inDialog()) return;
  if (pressed(event.key.toLowerCase())) event.preventDefault();
});

// ---- the palette: the box keeps the focus and points at an option; htmx fills the list as somebody types
const palette = document.getElementById("palette");
const options = () => $$("[role=option]", palette);
function point(option) {
  const box = $("[role=combobox]", palette);
  for (const one of options()) one.setAttribute("aria-selected", String(one === option));
  option ? box.setAttribute("aria-activedescendant", option.id) : box.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}
function openPalette() {
  const box = $("[role=combobox]", palette);
  if (!palette.open) palette.showModal();
  box.select();
  box.dispatchEvent(new Event("look"));
}
palette?.addEventListener("keydown", (event) => {
  const all = options();
  const here = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const to = { ArrowDown: here + 1, ArrowUp: here - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    if (all.length) point(all[(to + all.length) % all.length]);
  } else if (event.key === "Enter" && event.target.matches("[role=combobox]")) {
    event.preventDefault(); // Enter opens; nothing here ever submits
    event.stopPropagation();
    if (!all[here]) return;
    if (event.ctrlKey || event.metaKey) open(all[here].href, "_blank", "noopener");
    else { palette.close(); all[here].click(); }
  }
});
// A list that answers what is no longer in the box offers nothing to open.
palette?.addEventListener("input", () => point(null));
palette?.addEventListener("htmx:afterSettle", () => {
  if ($("[role=listbox]", palette).dataset.for === $("[role=combobox]", palette).value) point(options()[0]);
});

// ---- an outcome decides which reasons fit: data-when="outcome=rejected". What is shown is CSS; what may be chosen is here.
function fit(form) {
  const chosen = $("input[name=outcome]:checked", form)?.value;
  for (const group of $$("optgroup[data-when]", form)) {
    const fits = group.dataset.when === `outcome=${chosen}`;
    group.disabled = group.hidden = !fits;
    const select = group.closest("select");
    if (fits && select.selectedOptions[0]?.parentElement !== group) select.selectedIndex = chosen === "approved" ? group.firstElementChild.index : -1;
  }
}
document.addEventListener("change", (event) => { if (event.target.name === "outcome") fit(event.target.form); });

// ---- who looks at an item says so; a claim lives while its page is looked at, and is released when the page is left
const claim = document.querySelector("[data-heartbeat]");
if (claim) {
  const post = (url) => {
    const body = new URLSearchParams({ csrfmiddlewaretoken: token(), claimed: "claimed" in claim.dataset ? "1" : "" });
    return fetch(url, { method: "POST", body, keepalive: true, headers: { "X-Background": "1" } });
  };
  setInterval(() => {
    if (document.hidden) return;
    post(claim.dataset.heartbeat).then((answer) => { if (answer.status === 409) banner("claim-lost", said("claimLost")); }).catch(() => {});
  }, 10000);
}

// ---- canned notes go into the text at once; the text stays everybody's to change
document.addEventListener("change", (event) => {
  const list = event.target;
  if (!list.matches?.("select[data-into]") || !list.value) return;
  const text = document.getElementById(list.dataset.into);
  text.value = [text.value.trimEnd(), list.selectedOptions[0].dataset.text].filter(Boolean).join("\n");
  list.value = "";
  text.dispatchEvent(new Event("input", { bubbles: true }));
  text.focus();
});

// ---- @mentions: a list under the text that arrows and Enter choose from
let mention = null; // {text, from, list}
function endMention() {
  mention?.list.remove();
  mention?.text.removeAttribute("aria-activedescendant");
  mention?.text.removeAttribute("aria-controls");
  mention = null;
}
async function suggest(text) {
  const typed = /(?:^|[^\w.@+-])@([\w.+-]*)$/.exec(text.value.slice(0, text.selectionStart));
  if (!typed?.[1]) return endMention();
  const answer = await fetch(`${text.dataset.mentions}?q=${encodeURIComponent(typed[1])}`, { headers: { "X-Background": "1" } }).catch(() => null);
  if (!answer?.ok || document.activeElement !== text) return;
  const { people } = await answer.json();
  endMention();
  if (!people.length) return;
  const list = document.createElement("ul");
  Object.assign(list, { className: "suggest", id: "mention-list", role: "listbox" });
  list.append(...people.map((one, index) => {
    const option = document.createElement("li");
    Object.assign(option, { id: `mention-${index}`, role: "option", ariaSelected: String(index === 0) });
    option.dataset.handle = one.handle;
    option.append(one.name, " ", Object.assign(document.createElement("small"), { className: "t2", textContent: `@${one.handle}` }));
    return option;
  }));
  text.after(list);
  text.setAttribute("aria-controls", list.id);
  text.setAttribute("aria-activedescendant", "mention-0");
  mention = { text, from: text.selectionStart - typed[1].length, list };
}
function complete(option) {
  const { text, from } = mention;
  const after = text.value.slice(text.selectionStart);
  text.setRangeText(`${option.dataset.handle}${after.startsWith(" ") ? "" : " "}`, from, text.selectionStart, "end");
  endMention();
  text.focus();
}
document.addEventListener("input", (event) => { if (event.target.matches?.("[data-mentions]")) suggest(event.target); });
document.addEventListener("mousedown", (event) => {
  const option = mention && event.target.closest?.("#mention-list [role=option]");
  if (!option) return endMention();
  event.preventDefault();
  complete(option);
});
document.addEventListener("keydown", (event) => {
  if (!mention || event.target !== mention.text) return;
  const all = $$("[role=option]", mention.list);
  const here = all.findIndex((one) => one.ariaSelected === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const next = (here + step + all.length) % all.length;
    all.forEach((one, index) => { one.ariaSelected = String(index === next); });
    mention.text.setAttribute("aria-activedescendant", all[next].id);
  } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey || event.key === "Tab") complete(all[here]);
  else if (event.key === "Escape") endMention();
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);

// ---- unsaved work is not lost by a wrong click
const dirty = new Set();
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-dirty-guard]");
  if (form) { dirty.add(form); form.dataset.dirty = ""; }
});
document.addEventListener("submit", (event) => { dirty.delete(event.target); });
document.addEventListener("click", (event) => { if (event.target.closest?.("[data-discard]")) dirty.clear(); });
addEventListener("beforeunload", (event) => { if ([...dirty].some((form) => form.isConnected)) event.preventDefault(); });

// ---- live pages: `tick` every 12 s while somebody can see it, every 3 s for a minute after they came back
let quick = 0;
const tick = () => {
  if (document.hidden) return;
  if (quick > 0) quick -= 1;
  document.body.dispatchEvent(new CustomEvent("tick"));
};
let elapsed = 0;
setInterval(() => {
  elapsed += 3;
  if (quick > 0 || elapsed >= 12) { elapsed = 0; tick(); }
}, 3000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) { quick = 20; tick(); } });

// ---- htmx: polls do not keep a session alive, errors are read, focus goes where the reader is needed
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.triggeringEvent?.type === "tick") event.detail.headers["X-Background"] = "1";
});
document.addEventListener("htmx:afterSettle", (event) => {
  const summary = $("[data-error-summary]", event.detail.elt) ?? (event.detail.elt.matches?.("[data-error-summary]") ? event.detail.elt : null);
  summary?.focus();
  settle(event.detail.elt);
});
document.addEventListener("htmx:sendError", () => offline(true));
document.addEventListener("htmx:afterOnLoad", () => offline(false));
document.addEventListener("htmx:responseError", (event) => {
  const link = event.detail.requestConfig?.elt;
  if (link?.matches?.("a[data-in]")) return location.assign(link.href); // the page itself says what is wrong
  const id = event.detail.xhr.getResponseHeader("X-Request-Id") ?? "";
  banner("refused", said("refused", { status: event.detail.xhr.status, id }));
});
function offline(is) { is ? banner("offline", said("offline")) : document.getElementById("offline")?.remove(); }
function banner(id, text) {
  document.getElementById(id)?.remove();
  const box = document.createElement("div");
  Object.assign(box, { id, className: "banner critical mb", textContent: text });
  box.setAttribute("role", "alert");
  $("main")?.prepend(box);
}

// ---- what a fresh piece of page needs
function settle(piece) {
  for (const form of $$("form", piece)) if ($("optgroup[data-when]", form)) fit(form);
  $$("[data-toast]", piece).forEach(countdown);
  $$("input[name=ids]:checked", piece).slice(0, 1).forEach(count);
}
settle(document);
$("[data-error-summary]")?.focus();
const here = document.getElementById("keys-here");
if (here) {
  const list = document.createElement("dl");
  list.className = "keys";
  for (const one of $$("main [data-key]")) {
    const key = document.createElement("kbd");
    key.textContent = one.dataset.key.toUpperCase();
    const term = document.createElement("dt");
    term.append(key);
    const words = document.createElement("dd");
    words.textContent = (one.closest("label") ?? document.querySelector(`label[for="${one.id}"]`) ?? one).firstChild?.textContent.trim() || one.title || one.textContent.trim();
    if (one.matches("input[type=radio]")) words.textContent = [...one.closest("label").childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent.trim()).join(" ");
    list.append(term, words);
  }
  if (list.children.length) here.append(list);
}
