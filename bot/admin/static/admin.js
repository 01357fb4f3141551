// What the staff's page does beyond its links and forms: keys, live list, folding, leaving nothing half done.
"use strict";

document.documentElement.classList.add("js");

const find = (selector, root = document) => root.querySelector(selector);
const list = (selector, root = document) => [...root.querySelectorAll(selector)];

function isTyping() {
  const here = document.activeElement;
  return Boolean(here && (here.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(here.tagName)));
}

// ---- forgery token for htmx
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = find('meta[name="csrf-token"]').content;
});

// ---- the live list: swapped only when something changed and nobody is disturbed by it
const fresh = find("#fresh");
let isAskedFor = false;

function isBusy() {
  return document.hidden || isTyping() || list('input[form="bulk"]:checked').length || window.scrollY > 240 || Boolean(find("dialog[open]"));
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id === "live" && document.hidden) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const detail = event.detail;
  if (detail.elt.id !== "live" || detail.xhr.status !== 200) return;
  if (isBusy() && !isAskedFor) {
    detail.shouldSwap = false;
    if (fresh) fresh.hidden = false;
    return;
  }
  isAskedFor = false;
  if (fresh) fresh.hidden = true;
});
document.addEventListener("htmx:afterSettle", () => {
  rememberOrder();
  const code = chosenCode;
  if (code) choose(list(".card").findIndex((card) => card.dataset.code === code), false);
});
if (fresh) {
  fresh.addEventListener("click", () => {
    isAskedFor = true;
    window.scrollTo({ top: 0 });
    htmx.trigger("#live", "show-changes");
  });
}

// ---- filters go by themselves
list(".filters select").forEach((select) => select.addEventListener("change", () => select.form.requestSubmit()));

// ---- the order of the queue, so that j and k also work on a report
const ORDER = "suishoupai-order";

function rememberOrder() {
  const links = list(".card .first a").map((link) => link.getAttribute("href"));
  if (links.length) sessionStorage.setItem(ORDER, JSON.stringify({ links, queue: location.pathname + location.search }));
}

function readOrder() {
  try {
    return JSON.parse(sessionStorage.getItem(ORDER)) || { links: [], queue: "" };
  } catch {
    return { links: [], queue: "" };
  }
}

function placeInOrder() {
  const links = readOrder().links;
  const at = links.findIndex((link) => link.split("?")[0] === location.pathname);
  return { before: at > 0 ? links[at - 1] : "", after: at >= 0 ? links[at + 1] || "" : "" };
}

// ---- choosing a card
let chosenCode = "";

function choose(number, isSeen = true) {
  const cards = list(".card");
  const card = cards[number];
  if (!card) return;
  cards.forEach((each) => each.classList.toggle("is-chosen", each === card));
  chosenCode = card.dataset.code;
  if (isSeen) {
    find(".first a", card).focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  }
}

function step(by) {
  const cards = list(".card");
  if (cards.length) {
    const at = cards.findIndex((card) => card.dataset.code === chosenCode);
    choose(at < 0 ? 0 : Math.min(cards.length - 1, Math.max(0, at + by)));
    return;
  }
  const around = placeInOrder();
  const link = by > 0 ? around.after || (find("#next-report") || {}).href : around.before;
  if (link) location.assign(link);
}

function openChosen() {
  const link = find(".card.is-chosen .first a");
  if (link) location.assign(link.href);
}

function openPart(selector) {
  const part = find(selector);
  if (!part) return;
  part.open = true;
  part.scrollIntoView({ block: "center" });
  const field = find("textarea, input:not([type=hidden]), select", part);
  if (field) field.focus();
}

// ---- keys
const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  o: openChosen,
  a: () => find("#accept .main-act") && find("#accept .main-act").click(),
  d: () => openPart("#decline"),
  u: () => find("#to-queue") && location.assign(find("#to-queue").href),
  "/": () => (find("#q") ? find("#q").focus() : find("#to-queue") && location.assign(find("#to-queue").href)),
  "?": () => find("#keys") && find("#keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.repeat && event.key === "a") return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && isTyping()) document.activeElement.blur();
  if (isTyping() || find("dialog[open]")) return;
  if (event.key === "Enter" && document.activeElement === document.body) {
    openChosen();
    return;
  }
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

list("[data-open]").forEach((button) =>
  button.addEventListener("click", () => find(`#${button.dataset.open}`).showModal()),
);
document.addEventListener("click", (event) => {
  list("details.me[open]").forEach((menu) => menu.contains(event.target) || menu.removeAttribute("open"));
});

// ---- a merge is asked about once more; a form goes only once
const question = find("#ask");
let isLeaving = false;
let asking = null;

function ask(form) {
  asking = form;
  find("#ask-words").textContent = form.dataset.confirm;
  find("#ask-yes").textContent = form.dataset.yes || "确定";
  const pair = find(".pair", form.closest(".twin") || form);
  find("#ask-pictures").replaceChildren(...(pair ? pair.cloneNode(true).children : []));
  question.showModal();
}

if (question) {
  question.addEventListener("close", () => (asking = null));
  find("#ask-no").addEventListener("click", () => question.close());
  find("#ask-yes").addEventListener("click", () => {
    const form = asking;
    form.dataset.answered = "yes";
    question.close();
    form.requestSubmit();
  });
}

list("form[method=post]").forEach((form) =>
  form.addEventListener("submit", (event) => {
    if (form.dataset.confirm && !form.dataset.answered) {
      event.preventDefault();
      ask(form);
      return;
    }
    if (form.dataset.sent && !form.hasAttribute("hx-post")) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    isLeaving = true;
  }),
);
window.addEventListener("pageshow", () => list("form[data-sent]").forEach((form) => {
  delete form.dataset.sent;
  delete form.dataset.answered;
}));

// ---- what the reporter will be told: filled in as it is typed, until somebody changes it by hand
function sayDay(value) {
  const [, month, day] = value.split("-").map(Number);
  return month && day ? `${month}月${day}日` : "";
}

function fillSays(form, says) {
  let words = says.dataset.wording;
  list("[data-fills]", form).forEach((field) => {
    const typed = field.type === "date" ? sayDay(field.value) : field.value.trim().replace(/\s+/g, " ").replace(/。+$/, "");
    if (typed) words = words.replaceAll(`{${field.dataset.fills}}`, typed);
  });
  says.value = words;
  says.defaultValue = words; // filled, not typed: nothing is lost with it
}

list("textarea[data-wording]").forEach((says) => {
  const form = says.form;
  if (!form) return;
  let isOwn = says.value !== says.dataset.wording;
  says.addEventListener("input", () => (isOwn = says.value.trim() !== ""));
  list("[data-fills]", form).forEach((field) =>
    field.addEventListener("input", () => isOwn || fillSays(form, says)),
  );
  if (!isOwn) fillSays(form, says);
});

// ---- a wording of the office beside its example
list("textarea[data-example]").forEach((field) => {
  const example = find(".bubble", field.closest(".one-wording"));
  const values = Object.entries(JSON.parse(field.dataset.example));
  field.addEventListener("input", () => {
    example.textContent = values.reduce((words, [name, value]) => words.replaceAll(`{${name}}`, value), field.value);
  });
});

// ---- a form that is opened is work that is begun: the others see it
const acts = find("#acts[data-claim]");
let isClaimed = false;
if (acts) {
  acts.addEventListener(
    "toggle",
    (event) => {
      if (isClaimed || !event.target.open || !event.target.classList.contains("act")) return;
      isClaimed = true;
      const token = find('meta[name="csrf-token"]').content;
      fetch(acts.dataset.claim, {
        method: "POST",
        headers: { "X-CSRFToken": token },
        body: new URLSearchParams({ quiet: "1" }),
      }).catch(() => (isClaimed = false));
    },
    true,
  );
}

// ---- choosing for an assignment: liaisons of the unit alone, phrases by a click, a day of one's own
list("select[data-of]").forEach((select) => {
  const other = document.getElementById(select.dataset.of);
  const options = list("option[data-unit]", select);
  const narrow = () => {
    options.forEach((option) => {
      if (option.dataset.unit === other.value) select.append(option);
      else option.remove();
    });
    if (select.selectedOptions.length === 0) select.value = "";
  };
  other.addEventListener("change", narrow);
  narrow();
});
list("button[data-into]").forEach((button) =>
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.into);
    field.value = button.textContent;
    field.focus();
  }),
);
list('input[name="due_on"]').forEach((field) =>
  field.addEventListener("input", () => {
    const own = find('input[name="due"][value="day"]', field.form);
    if (own) own.checked = true;
  }),
);

// ---- ticking several
document.addEventListener("change", () => {
  const bar = find("#bulk");
  if (!bar) return;
  const ticked = list('input[form="bulk"]:checked').length;
  bar.classList.toggle("has-some", ticked > 0);
  find("#bulk-count").textContent = ticked;
});

// ---- words typed but not handed in
window.addEventListener("beforeunload", (event) => {
  const isUnsaved = list(".acts textarea").some((field) => field.value.trim() !== field.defaultValue.trim());
  if (isUnsaved && !isLeaving) event.preventDefault();
});

const queueLink = find("#to-queue");
if (queueLink) {
  const order = readOrder();
  if (order.queue) queueLink.href = order.queue;
  const around = placeInOrder();
  const previous = find("#previous-report");
  if (previous && around.before) {
    previous.href = around.before;
    previous.hidden = false;
  }
  const next = find("#next-report");
  if (next && around.after) next.href = around.after;
} else {
  rememberOrder();
}
