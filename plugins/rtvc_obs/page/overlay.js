"use strict";
// ?theme=plain|box|karaoke|large  ?voice=0  ?meter=0
const THEMES = ["plain", "box", "karaoke", "large"];
const FLOOR_DB = -60;

const query = new URLSearchParams(location.search);
const wanted = query.get("theme");
document.body.dataset.theme = THEMES.includes(wanted) ? wanted : "plain";
document.body.dataset.voice = query.get("voice") === "0" ? "off" : "on";
document.body.dataset.meter = query.get("meter") === "0" ? "off" : "on";

const caption = document.getElementById("caption");
const voice = document.getElementById("voice");
const text = document.getElementById("text");
const level = document.getElementById("level");

const events = new EventSource("events");

events.addEventListener("caption", (event) => {
  const said = JSON.parse(event.data);
  caption.hidden = said === null;
  // textContent: what is said is never markup
  voice.textContent = said === null ? "" : said.voice;
  text.textContent = said === null ? "" : said.text;
});

events.addEventListener("level", (event) => {
  const { db } = JSON.parse(event.data);
  const share = db === null ? 0 : Math.max(0, 1 - db / FLOOR_DB);
  level.style.transform = `scaleX(${share})`;
});

// Without a connection nothing may stay on the screen; EventSource connects again by itself.
events.addEventListener("error", () => {
  caption.hidden = true;
  if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
});
