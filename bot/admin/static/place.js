// The point of a report on a plain map: no tiles, only the point, the units around it, and a scale.
"use strict";

(() => {
  const box = document.querySelector("#map");
  if (!box || typeof L === "undefined") return;
  box.hidden = false;
  const here = [Number(box.dataset.latitude), Number(box.dataset.longitude)];
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(box, {
    attributionControl: false,
    scrollWheelZoom: false,
    zoomAnimation: !isCalm,
    fadeAnimation: !isCalm,
    minZoom: 9,
    maxZoom: 18,
  });
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const Scale = L.Control.Scale.extend({
    _updateMetric(most) {
      const metres = this._getRoundNum(most);
      this._updateScale(this._mScale, metres < 1000 ? `${metres} 米` : `${metres / 1000} 公里`, metres / most);
    },
  });
  new Scale({ imperial: false, maxWidth: 160 }).addTo(map);
  const units = JSON.parse(box.dataset.units);
  units.forEach((unit) =>
    L.circleMarker([unit.latitude, unit.longitude], { radius: 5, color: colour("--accent"), weight: 2, fillOpacity: 0.4 })
      .bindTooltip(unit.name, { permanent: true, direction: "right", offset: [6, 0] })
      .addTo(map),
  );
  L.circle(here, { radius: 100, color: colour("--p0"), weight: 1, fillOpacity: 0.08 }).addTo(map);
  L.circleMarker(here, { radius: 9, color: colour("--p0"), weight: 3, fillOpacity: 0.9 })
    .bindTooltip("在这里", { permanent: true, direction: "top", offset: [0, -8], className: "here" })
    .addTo(map);
  // Show the two nearest units too, so that the point lies somewhere that people know.
  const near = units
    .map((unit) => [unit.latitude, unit.longitude])
    .sort((one, other) => map.distance(here, one) - map.distance(here, other))
    .slice(0, 2)
    .filter((point) => map.distance(here, point) < 15000);
  map.fitBounds(L.latLngBounds([here, ...near]).pad(0.35), { maxZoom: 16 });
})();
