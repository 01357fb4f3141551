// Photos at full size: click to open, wheel, pinch or buttons to zoom, drag to move, arrows for the next one.
"use strict";

(() => {
  const links = [...document.querySelectorAll("a[data-photo]")];
  const viewer = document.querySelector("dialog.viewer");
  if (!links.length || !viewer) return;
  const stage = viewer.querySelector(".stage");
  const image = stage.querySelector("img");
  const count = viewer.querySelector(".count");
  const MOST = 8;
  const held = new Map();
  let at = 0;
  let scale = 1;
  let x = 0;
  let y = 0;
  let pinched = 0;
  let turned = 0;

  function draw() {
    image.style.transform = `translate(${x}px, ${y}px) scale(${scale}) rotate(${turned}deg)`;
  }

  function zoomTo(wanted, pointX = 0, pointY = 0) {
    const next = Math.min(MOST, Math.max(1, wanted));
    // The point under the finger stays where it is.
    x = pointX - ((pointX - x) * next) / scale;
    y = pointY - ((pointY - y) * next) / scale;
    scale = next;
    if (scale === 1) x = y = 0;
    draw();
  }

  function fromMiddle(event) {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  }

  function show(number) {
    at = (number + links.length) % links.length;
    const link = links[at];
    image.src = link.href;
    image.alt = link.querySelector("img").alt;
    count.textContent = `${at + 1} / ${links.length}`;
    scale = 1;
    x = y = turned = 0;
    draw();
  }

  links.forEach((link, number) =>
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show(number);
      viewer.showModal();
    }),
  );

  const ACTS = {
    in: () => zoomTo(scale * 1.5),
    out: () => zoomTo(scale / 1.5),
    whole: () => zoomTo(1),
    turn: () => ((turned = (turned + 90) % 360), draw()),
    previous: () => show(at - 1),
    next: () => show(at + 1),
    shut: () => viewer.close(),
  };
  count.hidden = links.length === 1;
  viewer.querySelectorAll("button[data-act]").forEach((button) => {
    button.addEventListener("click", () => ACTS[button.dataset.act]());
    if (links.length === 1 && /^(previous|next)$/.test(button.dataset.act)) button.hidden = true;
  });

  const KEYS = { ArrowRight: "next", ArrowLeft: "previous", "+": "in", "=": "in", "-": "out", 0: "whole", r: "turn" };
  viewer.addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    ACTS[act]();
  });

  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoomTo(scale * Math.exp(-event.deltaY / 400), ...fromMiddle(event));
    },
    { passive: false },
  );
  stage.addEventListener("dblclick", (event) => (scale > 1 ? zoomTo(1) : zoomTo(2.5, ...fromMiddle(event))));
  stage.addEventListener("pointerdown", (event) => {
    held.set(event.pointerId, fromMiddle(event));
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("is-held");
    pinched = 0;
  });
  stage.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    const now = fromMiddle(event);
    held.set(event.pointerId, now);
    if (held.size === 1 && scale > 1) {
      x += now[0] - before[0];
      y += now[1] - before[1];
      draw();
    } else if (held.size === 2) {
      const [one, other] = [...held.values()];
      const apart = Math.hypot(one[0] - other[0], one[1] - other[1]);
      if (pinched) zoomTo((scale * apart) / pinched, (one[0] + other[0]) / 2, (one[1] + other[1]) / 2);
      pinched = apart;
    }
  });
  const letGo = (event) => {
    held.delete(event.pointerId);
    pinched = 0;
    if (!held.size) stage.classList.remove("is-held");
  };
  stage.addEventListener("pointerup", letGo);
  stage.addEventListener("pointercancel", letGo);
})();
