// The phone: contacts, bubbles, sending. Panels and the log have their own files.
import { setUpPanels } from "./panels.js";
import { addTravels, lastTravel } from "./road.js";

const page = document.body.dataset;
const byId = (id) => document.getElementById(id);
const chat = byId("chat");
const scroll = byId("scroll");
const text = byId("text");
const contacts = [...document.querySelectorAll(".contact")];

const state = { person: "", lastBubble: 0, lastTime: 0, waiting: 0, polling: false, pollAgain: false, following: true };
let keyNumber = 0;

function make(tag, className, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (content !== undefined) element.textContent = content;
  return element;
}

function makeIcon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

const keepAtEnd = () => { scroll.scrollTop = scroll.scrollHeight; };

// Bubbles

function makeFace(side) {
  if (side === "account") {
    const face = make("span", "face small account");
    const mark = make("img");
    mark.src = document.querySelector(".top-mark").src;
    mark.alt = "";
    face.append(mark);
    return face;
  }
  const face = contacts.find((contact) => contact.dataset.person === state.person).querySelector(".face").cloneNode(true);
  face.classList.add("small");
  return face;
}

function makePhoto(source) {
  const button = make("button");
  button.type = "button";
  button.setAttribute("aria-label", "看大图");
  const image = make("img");
  image.src = source;
  image.alt = "发出去的照片";
  image.addEventListener("load", keepAtEnd, { once: true });
  button.append(image);
  button.addEventListener("click", () => { byId("viewer-photo").src = image.src; byId("viewer").showModal(); });
  return button;
}

function makeBody(bubble) {
  if (bubble.rows && bubble.rows.length) {
    const list = make("dl", "bubble template");
    list.append(make("strong", "", "服务通知"));
    for (const [name, value] of bubble.rows) list.append(make("dt", "", name), make("dd", "", value));
    if (bubble.link) list.append(makeLink(bubble.link, "看详情"));
    return list;
  }
  const body = make("div", "bubble");
  if (bubble.kind === "voice") {
    body.classList.add("voice");
    body.append(makeIcon("wave"), make("span", "", bubble.text.replace(/^\[语音\] ?/, "") || "语音"));
  } else if (bubble.kind === "location") {
    body.classList.add("place");
    const name = make("span", "place-name");
    name.append(makeIcon("pin"), bubble.text.replace(/^\[位置\] ?/, "") || "一个位置");
    body.append(name);
    const mini = bubble.point && makeMiniMap(...bubble.point);
    if (mini) body.append(mini);
  } else {
    body.append(bubble.text);
    if (bubble.link) body.append(make("br"), makeLink(bubble.link, "打开看看"));
  }
  return body;
}

// A piece of the map around the point, or nothing for a point outside it.
function makeMiniMap(lat, lng) {
  const map = byId("map");
  const step = Number(map.dataset.step);
  const x = (lng - Number(map.dataset.west)) / step;
  const y = (Number(map.dataset.north) - lat) / step;
  const { width, height } = map.viewBox.baseVal;
  if (x < 0 || y < 0 || x > width || y > height) return null;
  const mini = map.cloneNode(true);
  mini.removeAttribute("id");
  mini.setAttribute("class", "place-mini");
  mini.setAttribute("viewBox", `${x - 90} ${y - 52} 180 84`);
  mini.setAttribute("preserveAspectRatio", "xMidYMid slice");
  for (const words of mini.querySelectorAll("text")) words.remove();
  const pin = mini.querySelector("#map-pin");
  pin.removeAttribute("id");
  pin.removeAttribute("hidden");
  pin.setAttribute("transform", `translate(${x} ${y})`);
  return mini;
}

function makeLink(address, words) {
  const link = make("a", "", words);
  link.href = address;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

function addTime(at) {
  const instant = new Date(at);
  if (instant - state.lastTime > 5 * 60 * 1000) {
    const day = instant.toDateString() === new Date().toDateString() ? "" : `${instant.getMonth() + 1}月${instant.getDate()}日 `;
    chat.append(make("li", "time", day + instant.toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" })));
  }
  state.lastTime = Math.max(state.lastTime, instant);
}

function addBubble(bubble, pending = false) {
  byId("starters").hidden = true;
  addTime(bubble.at);
  if (bubble.side === "note") {
    const note = make("li", bubble.kind === "sorry" ? "note sorry" : "note", bubble.text);
    chat.append(note);
    return note;
  }
  const isPhoto = bubble.kind === "image" && (bubble.picture || bubble.source);
  const group = isPhoto && bubble.key ? bubble.key.replace(/-\d+$/, "") : "";
  const last = chat.lastElementChild;
  let line = last && group && last.dataset.group === group ? last : null;
  if (!line) {
    line = make("li", `line ${bubble.side}`);
    line.dataset.group = group;
    line.append(makeFace(bubble.side), isPhoto ? make("div", "photos") : makeBody(bubble));
    chat.append(line);
  }
  if (isPhoto) line.querySelector(".photos").append(makePhoto(bubble.source || page.photo.replace("PICTURE", bubble.picture)));
  line.classList.toggle("pending", pending);
  return line;
}

// Sent but not yet seen on the platform: key -> line
const pendingLines = new Map();

function showBubble(bubble) {
  state.lastBubble = Math.max(state.lastBubble, bubble.number);
  const line = bubble.key && pendingLines.get(bubble.key);
  if (line) {
    pendingLines.delete(bubble.key);
    if (![...pendingLines.values()].includes(line)) line.classList.remove("pending");
    return;
  }
  addBubble(bubble);
}

// Asking and sending

async function poll() {
  if (state.polling) { state.pollAgain = true; return; }
  state.polling = true;
  const person = state.person;
  try {
    const query = new URLSearchParams({ person, after: state.lastBubble, log_after: lastTravel() });
    const response = await fetch(`${page.state}?${query}`, { headers: { Accept: "application/json" } });
    if (response.ok) {
      const answer = await response.json();
      addTravels(answer.travels);
      if (person === state.person) {
        answer.bubbles.forEach(showBubble);
        if (answer.bubbles.length) keepAtEnd();
        setFollowing(answer.following);
        byId("starters").hidden = chat.children.length > 0 || !answer.following;
      }
    }
  } catch {
    // The demo may be restarting; the next round asks again.
  }
  state.polling = false;
  if (state.pollAgain) { state.pollAgain = false; await poll(); }
}

function setFollowing(following) {
  state.following = following;
  byId("follow").hidden = following;
  byId("composer").hidden = !following;
  byId("menu").hidden = !following;
  if (!following) closePlus();
}

function setWaiting(step) {
  state.waiting += step;
  byId("typing").hidden = state.waiting <= 0;
}

async function post(body) {
  const isForm = body instanceof FormData;
  const response = await fetch(page.send, {
    method: "POST",
    headers: isForm ? {} : { "Content-Type": "application/json" },
    body: isForm ? body : JSON.stringify(body),
  });
  if (response.ok) return "";
  if (response.status === 413) return "太大了，没发出去。";
  const answer = await response.json().catch(() => ({}));
  return answer.problem || "没发出去，等一下再试。";
}

// `bubbles` are shown at once; `fields` or a form go to the platform.
async function send(fields, bubbles = [], form = null) {
  const key = `${Date.now().toString(36)}${(keyNumber += 1)}`;
  const at = new Date().toISOString();
  const lines = new Set();
  bubbles.forEach((bubble, index) => {
    const line = addBubble({ side: "person", at, key: `${key}-${index}`, ...bubble }, true);
    pendingLines.set(`${key}-${index}`, line);
    lines.add(line);
  });
  keepAtEnd();
  setWaiting(1);
  const everything = { person: state.person, key, ...fields };
  if (form) for (const [name, value] of Object.entries(everything)) form.append(name, value);
  let problem;
  try {
    problem = await post(form || everything);
  } catch {
    problem = "连不上，没发出去。";
  }
  setWaiting(-1);
  if (problem) {
    bubbles.forEach((_, index) => pendingLines.delete(`${key}-${index}`));
    chat.append(make("li", "failed-words", problem));
    keepAtEnd();
  }
  await poll();
}

function choosePerson(openid) {
  state.person = openid;
  state.lastBubble = state.lastTime = 0;
  pendingLines.clear();
  chat.replaceChildren();
  for (const contact of contacts) {
    const chosen = contact.dataset.person === openid;
    contact.setAttribute("aria-pressed", String(chosen));
    if (chosen) contact.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  history.replaceState(null, "", `#${encodeURIComponent(openid)}`);
  poll();
}

function closePlus() {
  byId("plus").hidden = true;
  byId("plus-button").setAttribute("aria-expanded", "false");
}

function sendText() {
  const words = text.value;
  if (!words.trim()) return;
  text.value = "";
  fitText();
  send({ kind: "text", text: words }, [{ kind: "text", text: words }]);
}

function fitText() {
  text.rows = Math.min(4, Math.max(1, text.value.split("\n").length + Math.floor(text.value.length / 40)));
}

contacts.forEach((contact) => contact.addEventListener("click", () => choosePerson(contact.dataset.person)));
const contactBar = document.querySelector(".contacts");
contactBar.addEventListener("wheel", (event) => {
  if (event.deltaX || contactBar.scrollWidth <= contactBar.clientWidth) return;
  event.preventDefault();
  contactBar.scrollLeft += event.deltaY;
}, { passive: false });
byId("composer").addEventListener("submit", (event) => { event.preventDefault(); sendText(); });
text.addEventListener("input", fitText);
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); sendText(); }
});
byId("plus-button").addEventListener("click", () => {
  const opened = byId("plus").hidden;
  byId("plus").hidden = !opened;
  byId("plus-button").setAttribute("aria-expanded", String(opened));
  keepAtEnd();
});
for (const starter of document.querySelectorAll(".starter")) {
  starter.addEventListener("click", () => { text.value = starter.textContent; fitText(); sendText(); });
}
for (const photo of document.querySelectorAll(".starter-photo")) {
  photo.addEventListener("click", () => {
    send({ kind: "samples", samples: [photo.dataset.sample] }, [{ kind: "image", source: photo.querySelector("img").src }]);
  });
}
for (const button of document.querySelectorAll("[data-click]")) {
  button.addEventListener("click", () => {
    button.closest("details")?.removeAttribute("open");
    send({ kind: "click", click_key: button.dataset.click });
  });
}
byId("follow-button").addEventListener("click", () => send({ kind: "follow" }));
byId("unfollow-button").addEventListener("click", () => { closePlus(); send({ kind: "unfollow" }); });
setUpPanels({ send, closePlus });

if (contacts.length) {
  const wanted = decodeURIComponent(location.hash.slice(1));
  choosePerson(contacts.some((contact) => contact.dataset.person === wanted) ? wanted : contacts[0].dataset.person);
  setInterval(() => { if (!document.hidden) poll(); }, 2000);
}
