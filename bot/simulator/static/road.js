// The log: one card for every push, newest first.
const list = document.getElementById("travels");
const MOST_CARDS = 60;
let last = 0;

export const lastTravel = () => last;

function make(tag, className, content) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = content;
  return element;
}

function makeCard(travel) {
  const card = make("li", "travel", "");
  if (!travel.accepted) card.classList.add("failed");
  else if (travel.attempts > 1) card.classList.add("again");
  const top = make("div", "travel-top", "");
  const clock = new Date(travel.at).toLocaleTimeString("zh-CN", { hour12: false });
  const figures = `送 ${travel.attempts} 次 · ${travel.milliseconds} 毫秒`;
  top.append(make("span", "travel-kind", travel.kind), make("span", "travel-name", travel.name), make("span", "travel-time", clock), make("span", "travel-figures", figures));
  const outcome = make("p", "travel-outcome", travel.outcome);
  const details = make("details", "", "");
  const summary = make("summary", "", "看原文");
  if (travel.message_id) summary.append(make("span", "travel-id", `MsgId ${travel.message_id}`));
  details.append(summary);
  details.append(make("p", "travel-words", travel.encrypted ? "送去的内容（路上是加密的）" : "送去的内容"), make("pre", "", travel.sent_xml));
  if (travel.reply_xml) details.append(make("p", "travel-words", travel.encrypted ? "回来的内容（已解开）" : "回来的内容"), make("pre", "", travel.reply_xml));
  card.append(top, outcome, details);
  return card;
}

export function addTravels(travels) {
  for (const travel of travels) {
    if (travel.number <= last) continue;
    last = travel.number;
    list.prepend(makeCard(travel));
  }
  while (list.children.length > MOST_CARDS) list.lastElementChild.remove();
  document.getElementById("road-empty").hidden = list.children.length > 0;
}
