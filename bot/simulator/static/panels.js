// The panel behind the plus: photos, the map, voice, scanning.
const byId = (id) => document.getElementById(id);
const MOST_PHOTOS = 9;

function showProblem(sheet, words) {
  const problem = sheet.querySelector(".sheet-problem");
  problem.textContent = words;
  problem.hidden = !words;
}

function setUpPhotos({ send, closePlus }) {
  const own = byId("photos");
  own.closest("label").addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); own.click(); }
  });
  own.addEventListener("change", () => {
    const files = [...own.files].slice(0, MOST_PHOTOS);
    own.value = "";
    if (!files.length) return;
    closePlus();
    const form = new FormData();
    files.forEach((file) => form.append("photos", file));
    send({ kind: "photos" }, files.map((file) => ({ kind: "image", source: URL.createObjectURL(file) })), form);
  });

  const sheet = byId("samples-sheet");
  const button = byId("send-samples");
  const listChosen = () => [...sheet.querySelectorAll("input:checked")];
  sheet.addEventListener("change", () => {
    const number = listChosen().length;
    button.disabled = number < 1 || number > MOST_PHOTOS;
    button.textContent = number ? `发送 ${number} 张` : "发送";
    showProblem(sheet, number > MOST_PHOTOS ? `一次最多 ${MOST_PHOTOS} 张` : "");
  });
  button.addEventListener("click", () => {
    const chosen = listChosen();
    const bubbles = chosen.map((input) => ({ kind: "image", source: input.nextElementSibling.src }));
    const samples = chosen.map((input) => input.value);
    sheet.close();
    closePlus();
    sheet.querySelector("form").reset();
    button.disabled = true;
    button.textContent = "发送";
    send({ kind: "samples", samples }, bubbles);
  });
}

function setUpMap({ send, closePlus }) {
  const sheet = byId("map-sheet");
  const map = byId("map");
  const choice = byId("place-choice");
  const label = byId("place-label");
  const pin = byId("map-pin");
  const places = [...map.querySelectorAll(".map-place")].map((place) => place.dataset);
  const step = Number(map.dataset.step);
  let point = null;

  function choosePoint(x, y, name) {
    point = { lat: Number(map.dataset.north) - y * step, lng: Number(map.dataset.west) + x * step };
    pin.removeAttribute("hidden");
    pin.setAttribute("transform", `translate(${x} ${y})`);
    const distance = (place) => Math.hypot(place.x - x, place.y - y);
    const nearest = places.reduce((best, place) => (distance(place) < distance(best) ? place : best));
    label.value = name || `${nearest.name}${distance(nearest) < 14 ? "" : "附近"}`;
    byId("place-point").textContent = `北纬 ${point.lat.toFixed(5)}，东经 ${point.lng.toFixed(5)}`;
    byId("send-place").disabled = false;
  }

  map.addEventListener("click", (event) => {
    const spot = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
    choice.value = "";
    choosePoint(Math.round(spot.x), Math.round(spot.y), "");
  });
  choice.addEventListener("change", () => {
    if (!choice.value) return;
    const [x, y] = choice.value.split(",").map(Number);
    choosePoint(x, y, choice.selectedOptions[0].textContent);
  });
  byId("send-place").addEventListener("click", () => {
    if (!point) return;
    sheet.close();
    closePlus();
    const name = label.value.trim();
    send({ kind: "location", ...point, label: name }, [{ kind: "location", text: `[位置] ${name}`, point: [point.lat, point.lng] }]);
  });
}

function setUpVoice({ send, closePlus }) {
  const sheet = byId("voice-sheet");
  byId("send-voice").addEventListener("click", () => {
    const words = byId("voice-words").value.trim();
    const file = byId("voice-file").files[0];
    const form = new FormData();
    if (file) form.append("voice", file);
    sheet.close();
    closePlus();
    sheet.querySelector("form").reset();
    send({ kind: "voice", recognition: words }, [{ kind: "voice", text: `[语音] ${words}` }], form);
  });
}

function setUpScan({ send, closePlus }) {
  const sheet = byId("scan-sheet");
  const scene = byId("scan-scene");
  const scan = () => {
    const words = scene.value.trim();
    showProblem(sheet, words ? "" : "先写上二维码里的场景值");
    if (!words) return;
    sheet.close();
    closePlus();
    send({ kind: "scan", scene: words });
  };
  byId("send-scan").addEventListener("click", scan);
  scene.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) { event.preventDefault(); scan(); }
  });
}

export function setUpPanels(phone) {
  for (const tile of document.querySelectorAll("[data-sheet]")) {
    tile.addEventListener("click", () => byId(tile.dataset.sheet).showModal());
  }
  for (const sheet of document.querySelectorAll(".sheet")) {
    sheet.addEventListener("click", (event) => { if (event.target === sheet) sheet.close(); });
  }
  setUpPhotos(phone);
  setUpMap(phone);
  setUpVoice(phone);
  setUpScan(phone);
}
